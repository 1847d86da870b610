using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>What <see cref="PlainTraining"/> gave.</summary>
/// <param name="WeightsSha256">Fingerprint of the final weights, see <see cref="Learning.WeightsSha256"/>.</param>
/// <param name="Losses">The mean loss of every step.</param>
/// <param name="StepMilliseconds">The wall time of every step: gather, forward, backward and update.</param>
/// <param name="Evaluation">The result on the test set, null where none was given.</param>
public sealed record PlainResult(
    string WeightsSha256, IReadOnlyList<double> Losses, IReadOnlyList<double> StepMilliseconds, Evaluation? Evaluation)
{
    /// <summary>The middle of the steps' times.</summary>
    public double MedianStepMilliseconds => StepMilliseconds.Order().ElementAt(StepMilliseconds.Count / 2);
}

/// <summary>
/// The reference: training in one process with nothing but a module, an optimizer (<c>torch.optim</c> where it has the rule), and a loop of
/// zero_grad, forward, backward and step. It takes the samples and seeds of a job with one slot, so a distributed run of that job must give the same bits, unless
/// it has a layer that <see cref="StagedPass"/> computes in blocks.
/// </summary>
public static class PlainTraining
{
    /// <summary>Trains.</summary>
    /// <param name="model">The model; its weights are drawn under <paramref name="seed"/>.</param>
    /// <param name="training">Training samples.</param>
    /// <param name="test">Test samples for the evaluation at the end, or null.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="optimizer">The update rule.</param>
    /// <param name="batch">Samples a step.</param>
    /// <param name="steps">Number of steps, over as many epochs as they take.</param>
    /// <param name="seed">The job's seed.</param>
    /// <param name="meaning">What the outputs say, for the evaluation.</param>
    /// <param name="rates">The learning rate of every step; null: the optimizer's base rate.</param>
    public static PlainResult Run(
        ModelSpec model, IDataSet training, IDataSet? test, ILossFunction loss, OptimizerSpec optimizer, int batch, long steps, long seed,
        OutputMeaning meaning = OutputMeaning.Logits, LearningRateSchedule? rates = null)
    {
        ComputeThread.Enter();
        var sampler = new SlotSampler(training.Count, batch, 1, seed);
        using var module = model.Build(seed);
        using var rule = new PlainOptimizer(optimizer, module);
        BatchNormModule[] norms = [.. RunningStatistics.Norms(module)];
        var losses = new List<double>();
        var milliseconds = new List<double>();
        module.train();
        for (var step = 0L; step < steps; step++)
        {
            var start = Stopwatch.GetTimestamp();
            using var scope = NewDisposeScope();
            using var samples = training.Draw(sampler.Indices(step, 0), sampler.SlotSeed(step, 0));
            using var generator = manual_seed(sampler.SlotSeed(step, 0));
            // PyTorch's zero_grad(set_to_none=True), its default.
            foreach (var parameter in module.parameters()) parameter.grad = null;
            var mean = loss.Mean(module.call(samples.Inputs), samples.Targets);
            mean.backward();
            rule.Step(rates?.At(step) ?? optimizer.LearningRate);
            foreach (var norm in norms)
            {
                Average(norm.Running.Mean, norm.Batch.Mean, norm.Momentum);
                Average(norm.Running.Variance, norm.Batch.Variance, norm.Momentum);
            }
            losses.Add(mean.ToDouble());
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        module.eval();
        var evaluation = test is null ? null : Evaluator.Evaluate(module.call, test, loss, meaning);
        return new PlainResult(WeightsSha256.Of(module), losses, milliseconds, evaluation);
    }

    private static void Average(Tensor running, Tensor batch, double momentum)
    {
        var values = MemoryMarshal.Cast<byte, float>(running.bytes);
        RunningStatistics.Step(values, values, MemoryMarshal.Cast<byte, float>(batch.bytes), (float)momentum);
    }
}
