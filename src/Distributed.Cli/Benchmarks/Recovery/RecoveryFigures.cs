namespace Distributed.Cli.Benchmarks.Recovery;

/// <summary>One fault and what followed, in seconds from the fault.</summary>
/// <param name="Noticed">Until the job's coordinator acted on it.</param>
/// <param name="Regrouped">Until everybody was linked anew.</param>
/// <param name="NextStep">Until the next step was committed and known.</param>
/// <param name="StepsAgain">How many steps were made again.</param>
internal sealed record RecoverySample(double Noticed, double Regrouped, double NextStep, long StepsAgain);

/// <summary>What several faults of one kind cost.</summary>
/// <param name="Fault">What was done to whom.</param>
/// <param name="NextStep">Seconds from the fault to the next committed step.</param>
/// <param name="Longest">The longest of them.</param>
internal sealed record RecoveryFigures(string Fault, Spread Noticed, Spread Regrouped, Spread NextStep, double Longest, Spread StepsAgain)
{
    /// <summary>Of at least one fault.</summary>
    public static RecoveryFigures Of(string fault, IReadOnlyList<RecoverySample> samples) => new(
        fault, Spread.Of(samples.Select(sample => sample.Noticed)), Spread.Of(samples.Select(sample => sample.Regrouped)),
        Spread.Of(samples.Select(sample => sample.NextStep)), samples.Max(sample => sample.NextStep),
        Spread.Of(samples.Select(sample => (double)sample.StepsAgain)));
}
