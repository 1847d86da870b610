namespace Distributed.Cli.Benchmarks;

/// <summary>Medians over rounds.</summary>
internal static class Medians
{
    /// <summary>The median of one figure; of an even number of rounds the mean of the two in the middle.</summary>
    public static double Of<T>(IReadOnlyList<T> rounds, Func<T, double> figure)
    {
        var values = rounds.Select(figure).Order().ToArray();
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}
