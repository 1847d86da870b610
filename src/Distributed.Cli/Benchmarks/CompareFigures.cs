namespace Distributed.Cli.Benchmarks;

/// <summary>What settings cost: milliseconds a step, over all of a round's.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Without">Without the settings.</param>
/// <param name="With">With them.</param>
/// <param name="Ratio">With over without: the median, and the spread, of the rounds' ratios.</param>
internal sealed record CompareFigures(string Model, Spread Without, Spread With, Spread Ratio)
{
    public static CompareFigures Of(string model, IReadOnlyList<(double Without, double With)> rounds) => new(
        model, Spread.Of(rounds.Select(round => round.Without)), Spread.Of(rounds.Select(round => round.With)),
        Spread.Of(rounds.Select(round => round.With / round.Without)));
}
