using System.Diagnostics;
using TorchSharp;
using TorchSharp.Modules;
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
/// The reference: training in one process with nothing but a module, a <c>torch.optim</c> optimizer, and a loop of zero_grad, forward,
/// backward and step. It takes the samples and seeds of a job with one slot, so a distributed run of that job must give the same bits.
/// </summary>
public static class PlainTraining
{
    /// <summary>Trains.</summary>
    /// <param name="model">The model; its weights are drawn under <paramref name="seed"/>.</param>
    /// <param name="training">Training samples.</param>
    /// <param name="test">Test samples for the evaluation at the end, or null.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="optimizer">The update rule: SGD, Adam or AdamW at a constant rate, without groups or clipping.</param>
    /// <param name="batch">Samples a step.</param>
    /// <param name="steps">Number of steps, over as many epochs as they take.</param>
    /// <param name="seed">The job's seed.</param>
    public static PlainResult Run(
        ModelSpec model, IDataSet training, IDataSet? test, ILossFunction loss, OptimizerSpec optimizer, int batch, long steps, long seed)
    {
        ComputeThread.Enter();
        var sampler = new SlotSampler(training.Count, batch, 1, seed);
        using (manual_seed(seed)) { }
        using var module = model.Build();
        using var rule = Reference(optimizer, module.parameters());
        // Backward adds to gradients that are there, from the first step on, as it does in a replica (0 + −0 is +0).
        foreach (var parameter in module.parameters())
        {
            using var zeros = zeros_like(parameter);
            parameter.grad = zeros;
        }

        var losses = new List<double>();
        var milliseconds = new List<double>();
        module.train();
        for (var step = 0L; step < steps; step++)
        {
            var start = Stopwatch.GetTimestamp();
            using var scope = NewDisposeScope();
            using var samples = training.Gather(sampler.Indices(step, 0));
            using var generator = manual_seed(sampler.SlotSeed(step, 0));
            rule.zero_grad();
            var mean = loss.Mean(module.call(samples.Inputs), samples.Targets);
            mean.backward();
            rule.step();
            losses.Add(mean.ToDouble());
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        module.eval();
        var evaluation = test is null ? null : Evaluator.Evaluate(module.call, test, loss);
        return new PlainResult(WeightsSha256.Of(module), losses, milliseconds, evaluation);
    }

    /// <summary>The same rule by <c>torch.optim</c>.</summary>
    /// <exception cref="NotSupportedException">The optimizer has something that <c>torch.optim</c> has not.</exception>
    internal static OptimizerHelper Reference(OptimizerSpec spec, IEnumerable<Parameter> parameters)
    {
        var plain = new OptimizerSpec(spec.Type, spec.LearningRate)
        {
            Momentum = spec.Momentum,
            Nesterov = spec.Nesterov,
            WeightDecay = spec.WeightDecay,
            Beta1 = spec.Beta1,
            Beta2 = spec.Beta2,
            Epsilon = spec.Epsilon,
        };
        return (plain == spec ? spec.Type : "") switch
        {
            OptimizerKinds.Sgd => optim.SGD(parameters, spec.LearningRate, spec.Momentum, 0, spec.WeightDecay, spec.Nesterov),
            OptimizerKinds.Adam => optim.Adam(parameters, spec.LearningRate, spec.Beta1, spec.Beta2, spec.Epsilon, spec.WeightDecay),
            OptimizerKinds.AdamW => optim.AdamW(parameters, spec.LearningRate, spec.Beta1, spec.Beta2, spec.Epsilon, spec.WeightDecay),
            _ => throw new NotSupportedException($"no plain reference for {spec}"),
        };
    }
}
