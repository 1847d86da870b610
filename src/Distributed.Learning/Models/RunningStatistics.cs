using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The running statistics of a module's batch norms, in order of definition: each mean, then its variance. They travel in the flat vectors
/// behind the parameters. There the 'gradient' of a statistic is the sum over slots of (the slot's share of the batch) · (its batch
/// statistic): summed like any gradient, along the same tree, it is the mean over samples, with the same bits for any number of workers.
/// </summary>
internal static class RunningStatistics
{
    /// <summary>The running statistics with PyTorch's names, such as <c>1.running_mean</c>, and the momentum of their layer.</summary>
    public static IEnumerable<(string Name, Tensor Value, double Momentum)> Of(nn.Module module) =>
        Norms(module, "").SelectMany(found => new[]
        {
            ($"{found.Prefix}running_mean", found.Norm.Running.Mean, found.Norm.Momentum),
            ($"{found.Prefix}running_var", found.Norm.Running.Variance, found.Norm.Momentum),
        });

    /// <summary>The batch norms in order of definition.</summary>
    public static IEnumerable<BatchNormModule> Norms(nn.Module module) => Norms(module, "").Select(found => found.Norm);

    /// <summary>One step: <c>to = from + momentum · (mean − from)</c>, elementwise in float32.</summary>
    /// <param name="from">The running statistic before the step.</param>
    /// <param name="to">After it; may be <paramref name="from"/>.</param>
    /// <param name="mean">The mean of the batch statistics over the slots' samples.</param>
    /// <param name="momentum">In [0, 1].</param>
    public static void Step(ReadOnlySpan<float> from, Span<float> to, ReadOnlySpan<float> mean, float momentum)
    {
        for (var i = 0; i < to.Length; i++) to[i] = from[i] + momentum * (mean[i] - from[i]);
    }

    /// <summary>Adds a slot's part to the gradient: weight · the batch statistics of the last training pass.</summary>
    /// <param name="norms">The batch norms in order of definition.</param>
    /// <param name="gradients">The statistics' views of the gradient buffer, in their order.</param>
    /// <param name="weight">The slot's share of the global batch.</param>
    public static void AddBatch(IReadOnlyList<BatchNormModule> norms, ReadOnlySpan<Tensor> gradients, double weight)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        for (var i = 0; i < norms.Count; i++)
        {
            // The product is rounded before it is added, so that it does not matter what the buffer holds already.
            gradients[2 * i].Accumulate(norms[i].Batch.Mean.Times(weight));
            gradients[2 * i + 1].Accumulate(norms[i].Batch.Variance.Times(weight));
        }
    }

    private static IEnumerable<(string Prefix, BatchNormModule Norm)> Norms(nn.Module module, string prefix) =>
        module is BatchNormModule norm ? [(prefix, norm)]
        : module.named_children().SelectMany(child => Norms(child.module, $"{prefix}{child.name}."));
}
