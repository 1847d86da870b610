using System.Diagnostics;
using Distributed.Learning;

namespace Distributed.Cluster.Workers;

/// <summary>
/// The batches of this worker's slots, one step ahead: the next step's are gathered while the exchange of the current one runs.
/// </summary>
internal sealed class SlotInput(IDataSet training, SlotSampler sampler, int[] slots) : IDisposable
{
    private readonly Dictionary<int, Batch> batches = [];
    private long preparedStep = -1;
    private TimeSpan preparing;

    public SlotSampler Sampler => sampler;

    public int StepsPerEpoch => sampler.StepsPerEpoch;

    /// <summary>Draws the batches of a step, unless they are there.</summary>
    public void Prepare(long step)
    {
        if (preparedStep == step)
            return;
        var started = Stopwatch.GetTimestamp();
        Drop();
        foreach (var slot in slots)
            batches[slot] = training.Draw(sampler.Indices(step, slot), sampler.SlotSeed(step, slot));

        preparedStep = step;
        preparing = Stopwatch.GetElapsedTime(started);
    }

    /// <summary>How long the drawing of a step took.</summary>
    public TimeSpan TimeOf(long step)
    {
        Prepare(step);
        return preparing;
    }

    /// <summary>A slot's batch; empty where the last, partial batch of an epoch leaves it no sample.</summary>
    public Batch Batch(long step, int slot)
    {
        Prepare(step);
        return batches[slot];
    }

    /// <summary>The slot's share of the global batch: its gradient counts by samples, never as a mean of means.</summary>
    public double Weight(long step, int slot) => (double)sampler.SamplesOf(step, slot) / sampler.SamplesOf(step);

    public void Dispose() => Drop();

    private void Drop()
    {
        foreach (var batch in batches.Values)
            batch.Dispose();
        batches.Clear();
        preparedStep = -1;
    }
}
