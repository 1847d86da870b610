namespace Distributed.Cli.Benchmarks.Exchange;

/// <summary>One round of one size.</summary>
/// <param name="Steps">Milliseconds of each exchange.</param>
/// <param name="Limits">Milliseconds that the machine itself takes, in the order of the figures' limits.</param>
internal sealed record ExchangeSample(IReadOnlyList<double> Steps, IReadOnlyList<double> Limits);

/// <summary>What the machine itself takes for what an exchange has to do.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Milliseconds">The median of the rounds.</param>
/// <param name="Ratio">The exchange over it: the median of the rounds' ratios.</param>
internal sealed record ExchangeLimit(string Name, double Milliseconds, double Ratio);

/// <summary>What the benchmark says of one size.</summary>
/// <param name="Parameters">Parameters exchanged.</param>
/// <param name="Bytes">Bytes of one gradient.</param>
/// <param name="Workers">Worker processes.</param>
/// <param name="Servers">Parameter-server processes.</param>
/// <param name="Links">How the first worker reaches each server.</param>
/// <param name="Optimizer">The update.</param>
/// <param name="Exchange">
/// Milliseconds from the last worker's gradient being in place until the last worker has the new weights. The median is that of the rounds' medians,
/// the rest is over all exchanges.
/// </param>
/// <param name="Limits">What stands beside it.</param>
/// <param name="Exchanges">How many were measured; the weights were right to the bit after all of them.</param>
internal sealed record ExchangeFigures(
    long Parameters, long Bytes, int Workers, int Servers, string[] Links, string Optimizer, Spread Exchange, IReadOnlyList<ExchangeLimit> Limits,
    int Exchanges)
{
    public static ExchangeFigures Of(BenchSize size, ExchangeShape shape, string[] links, IReadOnlyList<string> limits, IReadOnlyList<ExchangeSample> rounds)
    {
        var medians = rounds.Select(round => Spread.MedianOf(round.Steps)).ToArray();
        var all = Spread.Of(rounds.SelectMany(round => round.Steps));
        return new ExchangeFigures(
            size.Parameters, size.Bytes, shape.Workers, shape.Servers, links, shape.Optimizer, all with { Median = Spread.MedianOf(medians) },
            [.. limits.Select((name, i) => new ExchangeLimit(
                name, Spread.MedianOf(rounds.Select(round => round.Limits[i])),
                Spread.MedianOf(rounds.Select((round, at) => medians[at] / round.Limits[i]))))],
            rounds.Sum(round => round.Steps.Count));
    }

    /// <summary>
    /// Milliseconds of each exchange, from what each worker saw of it: it begins when the last one's gradient is in place and is over when the
    /// last one has the weights. All clocks are the host's.
    /// </summary>
    public static IReadOnlyList<double> Milliseconds(IReadOnlyList<ExchangeTimes> workers) =>
    [
        .. Enumerable.Range(0, workers[0].Begun.Length).Select(step =>
            (workers.Max(worker => worker.Ended[step]) - workers.Max(worker => worker.Begun[step])) / 1e6),
    ];
}
