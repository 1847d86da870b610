namespace Distributed.Cli.Benchmarks;

/// <summary>Medians of one round, in milliseconds a step.</summary>
/// <param name="Plain">The plain loop in one process.</param>
/// <param name="Together">The plain loop in as many processes as workers at once; the slowest of them.</param>
/// <param name="Slowest">The same, the slowest of them at each step: what steps that wait for each other take without an exchange.</param>
/// <param name="Cluster">The same step with workers and servers.</param>
/// <param name="Compute">Its part until the gradient is handed over.</param>
/// <param name="Exchange">Its part from there to the new weights.</param>
/// <param name="Ddp">The same step of PyTorch's DDP; null where it was not measured.</param>
internal sealed record StepSample(double Plain, double Together, double Slowest, double Cluster, double Compute, double Exchange, double? Ddp = null);

/// <summary>What the benchmark of a step says of one model. Times are over the rounds' medians, in milliseconds.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Workers">Worker processes.</param>
/// <param name="Servers">Parameter-server processes.</param>
/// <param name="Samples">Samples of a step of the cluster.</param>
/// <param name="Plain">See <see cref="StepSample"/>.</param>
/// <param name="Together">See <see cref="StepSample"/>.</param>
/// <param name="Slowest">See <see cref="StepSample"/>.</param>
/// <param name="Cluster">See <see cref="StepSample"/>.</param>
/// <param name="Compute">See <see cref="StepSample"/>.</param>
/// <param name="Exchange">See <see cref="StepSample"/>.</param>
/// <param name="Extra">What the cluster's step costs beyond the plain one: the median of the rounds' differences.</param>
/// <param name="RatioToPlain">Cluster over plain: the median of the rounds' ratios.</param>
/// <param name="RatioToTogether">Cluster over several plain loops at once, likewise.</param>
/// <param name="RatioToSlowest">Cluster over the slowest loop of each step, likewise.</param>
/// <param name="Ddp">See <see cref="StepSample"/>.</param>
/// <param name="RateToDdp">DDP's step over the cluster's, likewise: above 1 the cluster is faster.</param>
internal sealed record StepFigures(
    string Model, long Parameters, int Workers, int Servers, int Samples, Spread Plain, Spread Together, Spread Slowest, Spread Cluster, Spread Compute, Spread Exchange,
    double Extra, double RatioToPlain, double RatioToTogether, double RatioToSlowest, Spread? Ddp, double? RateToDdp)
{
    public static StepFigures Of(string model, long parameters, int workers, int servers, int samples, IReadOnlyList<StepSample> rounds)
    {
        var compared = rounds.Where(round => round.Ddp is not null).ToArray();
        return new StepFigures(
            model, parameters, workers, servers, samples, Over(r => r.Plain), Over(r => r.Together), Over(r => r.Slowest), Over(r => r.Cluster),
            Over(r => r.Compute), Over(r => r.Exchange), Over(r => r.Cluster - r.Plain).Median,
            Over(r => r.Cluster / r.Plain).Median, Over(r => r.Cluster / r.Together).Median, Over(r => r.Cluster / r.Slowest).Median,
            compared.Length == 0 ? null : Spread.Of(compared.Select(r => r.Ddp!.Value)),
            compared.Length == 0 ? null : Spread.MedianOf(compared.Select(r => r.Ddp!.Value / r.Cluster)));

        Spread Over(Func<StepSample, double> figure) => Spread.Of(rounds.Select(figure));
    }
}
