using System.Globalization;
using System.Text;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>One step of a range test.</summary>
/// <param name="LearningRate">The rate of the update after this loss.</param>
/// <param name="Loss">The mean loss of the step's batch.</param>
/// <param name="Smoothed">The running mean of the losses so far.</param>
public sealed record RangeTestStep(double LearningRate, double Loss, double Smoothed);

/// <summary>What a range test found.</summary>
/// <param name="Steps">The steps up to the one at which the loss had grown beyond all bounds, or the last.</param>
public sealed record RangeTestResult(IReadOnlyList<RangeTestStep> Steps)
{
    // Steps between the two points that a slope is taken from, so that the noise of single batches does not decide.
    private const int Reach = 3;

    /// <summary>
    /// The rate at which the smoothed loss fell fastest over the logarithm of the rate, before its lowest point; null where it never fell.
    /// </summary>
    public double? Suggestion
    {
        get
        {
            var lowest = Enumerable.Range(0, Steps.Count).MinBy(i => Steps[i].Smoothed);
            var falls = Enumerable.Range(Reach, Math.Max(0, lowest - 2 * Reach + 1))
                .Select(i => (Rate: Steps[i].LearningRate, Fall: Steps[i - Reach].Smoothed - Steps[i + Reach].Smoothed))
                .Where(point => point.Fall > 0).ToArray();
            return falls.Length == 0 ? null : falls.MaxBy(point => point.Fall).Rate;
        }
    }

    /// <summary>The steps as comma-separated values with a line of names.</summary>
    public string ToCsv()
    {
        var text = new StringBuilder("step,learningRate,loss,smoothed\n");
        for (var i = 0; i < Steps.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $"{i},{Steps[i].LearningRate:R},{Steps[i].Loss:R},{Steps[i].Smoothed:R}\n");
        return text.ToString();
    }
}

/// <summary>
/// The learning-rate range test (Smith 2017): a short training in one process whose rate grows exponentially from step to step, until the
/// loss explodes. A good rate lies where the loss falls fastest.
/// </summary>
public static class LearningRateRangeTest
{
    // The share of the running mean that is kept at every step.
    private const double Keep = 0.9;

    // A loss this many times the lowest one has exploded.
    private const double Explosion = 4;

    /// <summary>Trains.</summary>
    /// <param name="model">The model; its weights are drawn under <paramref name="seed"/>.</param>
    /// <param name="training">Training samples.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="optimizer">The update rule; its learning rate and schedule do not count.</param>
    /// <param name="batch">Samples a step.</param>
    /// <param name="seed">The job's seed.</param>
    /// <param name="from">The first rate, above 0.</param>
    /// <param name="to">The last rate, above <paramref name="from"/>.</param>
    /// <param name="steps">Number of steps, at least 2.</param>
    /// <param name="cancel">Ends the test after the step under way, with the steps so far.</param>
    /// <exception cref="BadInputException">A group of the optimizer matches no parameter.</exception>
    public static RangeTestResult Run(
        ModelSpec model, IDataSet training, ILossFunction loss, OptimizerSpec optimizer, int batch, long seed, double from, double to, int steps,
        CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(from);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(to, from);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 2);
        ComputeThread.Enter();
        var sampler = new SlotSampler(training.Count, batch, 1, seed);
        using (manual_seed(seed)) { }
        var module = model.Build();
        var layout = ParameterLayout.Of(module);
        using var weights = zeros(layout.Length);
        using var gradient = zeros(layout.Length);
        var (w, g) = (FlatTensor.AddressOf(weights), FlatTensor.AddressOf(gradient));
        ModelReplica.CopyInitialWeights(module, layout, w, 0, layout.Length);
        using var replica = new ModelReplica(module, layout, [w], [g]);
        using var rule = new ShardOptimizer(optimizer, layout, 0, layout.Length);

        var done = new List<RangeTestStep>();
        var (running, lowest) = (0.0, double.PositiveInfinity);
        for (var step = 0; step < steps && !cancel.IsCancellationRequested; step++)
        {
            replica.ZeroGradients(0);
            using var samples = training.Gather(sampler.Indices(step, 0));
            var result = replica.ComputeSlot(samples, loss, 1, sampler.SlotSeed(step, 0));
            var mean = result.LossSum / result.Samples;
            running = Keep * running + (1 - Keep) * mean;
            var smoothed = running / (1 - Math.Pow(Keep, step + 1));
            if (!double.IsFinite(smoothed) || smoothed > Explosion * lowest) break;
            lowest = Math.Min(lowest, smoothed);
            var rate = from * Math.Pow(to / from, (double)step / (steps - 1));
            done.Add(new RangeTestStep(rate, mean, smoothed));
            rule.Step(w, w, g, rate);
        }
        return new RangeTestResult(done);
    }
}
