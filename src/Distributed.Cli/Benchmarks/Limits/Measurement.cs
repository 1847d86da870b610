using System.Globalization;

namespace Distributed.Cli.Benchmarks.Limits;

/// <summary>One thing to measure, again and again.</summary>
/// <param name="Name">What.</param>
/// <param name="Unit">Of what <paramref name="Once"/> returns.</param>
/// <param name="Once">Measures it once.</param>
internal sealed record Measurement(string Name, string Unit, Func<double> Once)
{
    /// <summary>Measures all in turn, several times over; the first time warms up and is not counted.</summary>
    /// <param name="rounds">How often each counts.</param>
    /// <param name="told">Hears of every round.</param>
    public static IReadOnlyList<MeasuredFigure> All(
        IReadOnlyList<Measurement> measurements, int rounds, Action<string> told, CancellationToken cancellation)
    {
        var values = measurements.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round <= rounds; round++)
        {
            for (var i = 0; i < measurements.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var value = measurements[i].Once();
                if (round > 0) values[i].Add(value);
            }

            if (round > 0) told(string.Create(CultureInfo.InvariantCulture, $"round {round} of {rounds}"));
        }

        return [.. measurements.Select((measurement, i) => new MeasuredFigure(measurement.Name, measurement.Unit, Spread.Of(values[i])))];
    }
}

/// <summary>What was measured of one thing, over the rounds.</summary>
internal sealed record MeasuredFigure(string Name, string Unit, Spread Value);
