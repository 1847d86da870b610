namespace Distributed.Cli.Benchmarks;

/// <summary>Medians of one round, in milliseconds a step.</summary>
/// <param name="Plain">The plain loop in one process.</param>
/// <param name="Together">The plain loop in as many processes as workers at once; the slowest of them.</param>
/// <param name="Cluster">The same step with workers and servers.</param>
/// <param name="Compute">Its part until the gradient is handed over.</param>
/// <param name="Exchange">Its part from there to the new weights.</param>
internal sealed record StepSample(double Plain, double Together, double Cluster, double Compute, double Exchange);

/// <summary>What the benchmark of a step says of one model. Times are medians over the rounds, in milliseconds.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Workers">Worker processes.</param>
/// <param name="Servers">Parameter-server processes.</param>
/// <param name="Plain">See <see cref="StepSample"/>.</param>
/// <param name="Together">See <see cref="StepSample"/>.</param>
/// <param name="Cluster">See <see cref="StepSample"/>.</param>
/// <param name="Compute">See <see cref="StepSample"/>.</param>
/// <param name="Exchange">See <see cref="StepSample"/>.</param>
/// <param name="Extra">What the cluster's step costs beyond the plain one: the median of the rounds' differences.</param>
/// <param name="RatioToPlain">Cluster over plain: the median of the rounds' ratios.</param>
/// <param name="RatioToTogether">Cluster over several plain loops at once, likewise.</param>
internal sealed record StepFigures(
    string Model, long Parameters, int Workers, int Servers, double Plain, double Together, double Cluster, double Compute, double Exchange,
    double Extra, double RatioToPlain, double RatioToTogether)
{
    public static StepFigures Of(string model, long parameters, int workers, int servers, IReadOnlyList<StepSample> rounds) => new(
        model, parameters, workers, servers, Medians.Of(rounds, r => r.Plain), Medians.Of(rounds, r => r.Together), Medians.Of(rounds, r => r.Cluster),
        Medians.Of(rounds, r => r.Compute), Medians.Of(rounds, r => r.Exchange), Medians.Of(rounds, r => r.Cluster - r.Plain),
        Medians.Of(rounds, r => r.Cluster / r.Plain), Medians.Of(rounds, r => r.Cluster / r.Together));
}
