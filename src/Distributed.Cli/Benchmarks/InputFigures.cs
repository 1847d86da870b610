namespace Distributed.Cli.Benchmarks;

/// <summary>Medians over the steps of one round, in milliseconds a step; of each step the slowest worker counts.</summary>
/// <param name="Step">The whole step.</param>
/// <param name="Compute">Its part until the gradient is handed over.</param>
/// <param name="Input">Gathering and augmenting a worker's batch.</param>
/// <param name="Wait">What of it the step waited for at most.</param>
internal sealed record InputSample(double Step, double Compute, double Input, double Wait);

/// <summary>What the benchmark of the input says of one job: medians over the rounds, in milliseconds a step.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Workers">Worker processes.</param>
/// <param name="Step">See <see cref="InputSample"/>.</param>
/// <param name="Compute">See <see cref="InputSample"/>.</param>
/// <param name="Input">See <see cref="InputSample"/>.</param>
/// <param name="Wait">See <see cref="InputSample"/>.</param>
/// <param name="WaitShare">The wait as a share of the step: the median of the rounds' shares.</param>
internal sealed record InputFigures(
    string Job, int Workers, double Step, double Compute, double Input, double Wait, double WaitShare)
{
    public static InputFigures Of(string job, int workers, IReadOnlyList<InputSample> rounds) => new(
        job, workers, Median(rounds, r => r.Step), Median(rounds, r => r.Compute), Median(rounds, r => r.Input), Median(rounds, r => r.Wait),
        Median(rounds, r => r.Step > 0 ? r.Wait / r.Step : 0));

    private static double Median(IReadOnlyList<InputSample> rounds, Func<InputSample, double> figure) => Spread.MedianOf(rounds.Select(figure));
}
