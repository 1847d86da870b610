using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.Cluster.Workers;

/// <summary>
/// Finds where a number that is not finite came from. In ordinary steps only the loss is looked at, which is read anyway: a gradient
/// that is not finite spoils the weights and with them the next loss. Then the step before is computed once more, slot by slot, from
/// the weights that are still in the other buffer: no shard can overwrite them before this worker has sent its next gradients.
/// </summary>
internal sealed class FiniteCheck(
    Job job, int[] slots, long firstStep, ModelReplica replica, IDataSet training, SlotSampler sampler, ILossFunction loss)
{
    /// <summary>Checks the loss of a slot, whose gradient is in <paramref name="buffer"/>.</summary>
    /// <exception cref="NotFiniteException">It is not finite.</exception>
    public void Check(long step, int slot, SlotResult result, int buffer)
    {
        if (double.IsFinite(result.LossSum))
            return;
        CheckWeights(step, buffer);
        var parameter = replica.FirstNotFiniteGradient(buffer) is { } name ? $"the first gradient that is not finite is that of {Place(name)}" : "its gradient is finite";
        throw new NotFiniteException($"the loss is {Shown(result.LossSum)} in step {step}, slot {slot}; {parameter}", isCause: true);
    }

    /// <summary>Checks the weights of a version that gave a result which is not finite.</summary>
    /// <param name="version">The version, whose weights the replica has.</param>
    /// <param name="buffer">A gradient buffer that holds nothing any more.</param>
    /// <exception cref="NotFiniteException">They are not finite.</exception>
    public void CheckWeights(long version, int buffer)
    {
        if (replica.FirstNotFiniteWeight((int)(version & 1)) is not { } spoiled)
            return;
        var step = version - 1;
        if (step >= firstStep)
            FindGradient(step, buffer);
        throw new NotFiniteException(
            $"the weights of {Place(spoiled)} are not finite after step {step}, whose gradients of slots {string.Join(", ", slots)} are: "
            + "the update itself went too far (is the learning rate too high?)",
            isCause: false);
    }

    private void FindGradient(long step, int buffer)
    {
        replica.UseWeights((int)(step & 1));
        replica.UseGradients(buffer);
        foreach (var slot in slots)
        {
            var indices = sampler.Indices(step, slot);
            if (indices.Length == 0)
                continue;
            using var batch = training.Draw(indices, sampler.SlotSeed(step, slot));
            replica.ZeroGradients(buffer);
            var weight = (double)sampler.SamplesOf(step, slot) / sampler.SamplesOf(step);
            replica.ComputeSlot(batch, loss, weight, sampler.SlotSeed(step, slot));
            if (replica.FirstNotFiniteGradient(buffer) is { } name)
                throw new NotFiniteException($"the gradient of {Place(name)} is not finite in step {step}, slot {slot}", isCause: true);
        }
    }

    /// <summary>A parameter with its layer's type: <c>0.weight (layer 0, conv2d)</c>.</summary>
    private string Place(string parameter) =>
        int.TryParse(parameter.Split('.')[0], out var layer) && layer < job.Model.Layers.Count
            ? $"{parameter} (layer {layer}, {job.Model.Layers[layer].Type})"
            : parameter;

    private static string Shown(double value) => double.IsNaN(value) ? "not a number" : "infinite";
}
