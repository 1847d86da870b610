namespace Distributed.Learning;

/// <summary>
/// Says which samples every slot of every step computes, as a pure function of the seed. An epoch visits a permutation of all samples;
/// a global batch is a consecutive range of it, and the slots are consecutive, equal parts of that range. So the samples of a step
/// do not depend on the number of slots, and each sample comes exactly once an epoch. Safe to use from several threads.
/// </summary>
public sealed class SlotSampler
{
    private const int SlotBits = 20;

    private readonly ulong seed;
    private Permutation? latest;

    /// <summary>Fixes what the samples of every step are.</summary>
    /// <param name="samples">How many samples the training set has; at least 1.</param>
    /// <param name="batch">Samples in a global batch; at least 1.</param>
    /// <param name="slots">Parts that a global batch is divided into; 1 to 2^20. May be more than <paramref name="batch"/>.</param>
    /// <param name="seed">The job's seed.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public SlotSampler(int samples, int batch, int slots, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slots, 1 << SlotBits);
        Samples = samples;
        Batch = batch;
        Slots = slots;
        StepsPerEpoch = (samples - 1) / batch + 1;
        this.seed = unchecked((ulong)seed);
    }

    /// <summary>Samples in an epoch.</summary>
    public int Samples { get; }

    /// <summary>Samples in every global batch but an epoch's last one, which holds what remains.</summary>
    public int Batch { get; }

    /// <summary>Parts of a global batch.</summary>
    public int Slots { get; }

    /// <summary>Steps in an epoch, the last, partial one included.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>The epoch, counted from 0, that a step belongs to.</summary>
    /// <param name="step">The step, counted from 0 over all epochs.</param>
    public long EpochOf(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return step / StepsPerEpoch;
    }

    /// <summary>How many samples the whole batch of a step has.</summary>
    /// <param name="step">The step, counted from 0 over all epochs.</param>
    public int SamplesOf(long step)
    {
        var (start, end) = RangeOf(step);
        return end - start;
    }

    /// <summary>How many samples one slot of a step has; 0 is possible in a partial batch.</summary>
    /// <param name="step">The step, counted from 0 over all epochs.</param>
    /// <param name="slot">The slot in [0, <see cref="Slots"/>).</param>
    public int SamplesOf(long step, int slot)
    {
        var (start, end) = RangeOf(step, slot);
        return end - start;
    }

    /// <summary>The samples of one slot of a step. The memory stays valid and unchanged.</summary>
    /// <param name="step">The step, counted from 0 over all epochs.</param>
    /// <param name="slot">The slot in [0, <see cref="Slots"/>).</param>
    public ReadOnlySpan<int> Indices(long step, int slot)
    {
        var (start, end) = RangeOf(step, slot);
        return OrderOf(EpochOf(step)).AsSpan(start, end - start);
    }

    /// <summary>The samples of the whole batch of a step: those of its slots one after another.</summary>
    /// <param name="step">The step, counted from 0 over all epochs.</param>
    public ReadOnlySpan<int> Indices(long step)
    {
        var (start, end) = RangeOf(step);
        return OrderOf(EpochOf(step)).AsSpan(start, end - start);
    }

    /// <summary>
    /// The seed that the random layers of one slot's forward pass start from; different for every (step, slot) below 2^44 steps.
    /// </summary>
    /// <param name="step">The step, counted from 0 over all epochs.</param>
    /// <param name="slot">The slot in [0, <see cref="Slots"/>).</param>
    public long SlotSeed(long step, int slot)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        CheckSlot(slot);
        return unchecked((long)SplitMix64.Hash(~seed, ((ulong)step << SlotBits) | (uint)slot));
    }

    private void CheckSlot(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot, Slots);
    }

    private (int Start, int End) RangeOf(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var start = step % StepsPerEpoch * Batch;
        return ((int)start, (int)Math.Min(start + Batch, Samples));
    }

    private (int Start, int End) RangeOf(long step, int slot)
    {
        CheckSlot(slot);
        var (start, end) = RangeOf(step);
        long count = end - start;
        return (start + (int)(count * slot / Slots), start + (int)(count * (slot + 1) / Slots));
    }

    // One epoch's order is kept. Two threads may both compute it: they compute the same, and the reference is replaced at once.
    private int[] OrderOf(long epoch)
    {
        var kept = Volatile.Read(ref latest);
        if (kept is null || kept.Epoch != epoch)
        {
            kept = new Permutation(epoch, Shuffle(Samples, new Xoshiro256(SplitMix64.Hash(seed, (ulong)epoch))));
            Volatile.Write(ref latest, kept);
        }
        return kept.Order;
    }

    private static int[] Shuffle(int count, Xoshiro256 random)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++) order[i] = i;
        random.Shuffle(order);
        return order;
    }

    private sealed record Permutation(long Epoch, int[] Order);
}
