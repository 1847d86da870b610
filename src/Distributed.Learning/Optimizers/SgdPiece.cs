using System.Numerics;
using System.Runtime.CompilerServices;

namespace Distributed.Learning;

/// <summary>
/// Stochastic gradient descent: <c>w ← w − η g</c>; with momentum <c>v ← μ v + g, w ← w − η v</c>, and Nesterov's look ahead
/// <c>w ← w − η (g + μ v)</c> (Sutskever et al. 2013). All of it, clipping and penalties included, is done in one pass while an element is
/// in a register, where torch passes over memory once an operation. Every operation rounds as torch's kernels do (scaled additions are fused
/// multiply-adds, the momentum is multiplied and added), so the bits are those of <c>torch.optim.SGD</c>.
/// </summary>
/// <param name="spec">The rule's options.</param>
/// <param name="range">Where the piece lies in the shard.</param>
/// <param name="state">The rule's state of the whole shard.</param>
/// <param name="shardFloats">
/// Length of the shard. What is new of a large one is out of every cache before anyone reads it: it is written past the caches, which saves
/// reading what it replaces, unless that has just been read.
/// </param>
internal sealed unsafe class SgdPiece(OptimizerSpec spec, PieceRange range, OptimizerState state, long shardFloats) : IOptimizerPiece
{
    /// <summary>Shards of so many floats are large: weights before and after, momentum and two gradients are 40 MB, and 28 where they are bfloat16.</summary>
    private const long LargeShard = 1 << 21;

    /// <summary>Names of the state tensors: PyTorch's.</summary>
    public static IReadOnlyList<string> Moments(OptimizerSpec spec) => spec.Momentum == 0 ? [] : ["momentum_buffer"];

    public PieceRange Range => range;

    public void Step(IntPtr from, IntPtr to, IShardGradient gradient, in UpdateStep step, IntPtr rounded)
    {
        if (rounded != 0 && range.Floats % Vector<ushort>.Count == 0 && IsPlain(step, Terms(step)) && gradient.RoundedAddends(range.Start, range.Floats) is var (one, other))
        {
            StepRounded((float*)from, (float*)to, (ushort*)one, (ushort*)other, Velocity(step.Number - 1), Velocity(step.Number), (ushort*)rounded, step);
            return;
        }
        Step((float*)from, (float*)to, gradient, step);
        if (rounded != 0) Bfloat16.Round((float*)to, (ushort*)rounded, range.Floats);
    }

    public void Dispose()
    {
    }

    private float* Velocity(long steps) => state.Count == 0 ? null : (float*)state.AddressOf(0, steps) + range.Start;

    private GradientTerms Terms(in UpdateStep step) => new(spec, range.Settings, step.Scale, decays: true);

    private Vector<float> Rate(in UpdateStep step) => new((float)-(step.LearningRate * range.Settings.LearningRateFactor));

    /// <summary>
    /// Whether an update is what most are, with momentum and nothing else. It has loops without branches for what it does not do: one that never turns out
    /// otherwise still takes room in the processor's window, which then holds fewer loads that are under way. From cold caches the other loop takes a third longer.
    /// </summary>
    private bool IsPlain(in UpdateStep step, in GradientTerms terms) => state.Count > 0 && !IsFirst(step) && !spec.Nesterov && terms.AreNone;

    // The first gradient is the momentum as it is: torch clones it, and 0 + −0 would be another zero.
    private static bool IsFirst(in UpdateStep step) => step.Number == 1;

    private void Step(float* from, float* to, IShardGradient gradient, in UpdateStep step)
    {
        var (first, second) = gradient.Addends(range.Start, range.Floats);
        var slopes = (float*)first;
        var addends = (float*)second;
        var rest = (int)(range.Floats % Vector<float>.Count);
        var whole = range.Floats - rest;
        var velocity = Velocity(step.Number - 1);
        var next = Velocity(step.Number);
        Step(from, to, slopes, addends, velocity, next, whole, step);
        if (rest == 0) return;

        // The last floats fill a part of a vector only, so they go through one of their own.
        var (weights, slope, addend, speed) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        Copy(from + whole, &weights);
        Copy(slopes + whole, &slope);
        if (addends != null) Copy(addends + whole, &addend);
        if (velocity != null) Copy(velocity + whole, &speed);
        var last = velocity == null ? null : (float*)&speed;
        Step((float*)&weights, (float*)&weights, (float*)&slope, addends == null ? null : (float*)&addend, last, last, Vector<float>.Count, step);
        Copy(&weights, to + whole);
        if (velocity != null) Copy(&speed, next + whole);

        void Copy(void* source, void* target) => Buffer.MemoryCopy(source, target, rest * sizeof(float), rest * sizeof(float));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Step(float* from, float* to, float* gradient, float* addend, float* velocity, float* next, long floats, in UpdateStep step)
    {
        var (rate, keep, terms) = (Rate(step), new Vector<float>((float)spec.Momentum), Terms(step));
        var (first, nesterov) = (IsFirst(step), spec.Nesterov);
        var (past, pastToo) = (from != to && GoesPast(to), velocity != next && GoesPast(next));
        if (addend != null && IsPlain(step, terms))
            for (var i = 0L; i < floats; i += Vector<float>.Count)
            {
                var speed = (Vector.Load(velocity + i) * keep) + (Vector.Load(gradient + i) + Vector.Load(addend + i));
                Put(speed, next + i, pastToo);
                Put(Vector.FusedMultiplyAdd(speed, rate, Vector.Load(from + i)), to + i, past);
            }
        else
            for (var i = 0L; i < floats; i += Vector<float>.Count)
            {
                var weight = Vector.Load(from + i);
                var slope = Vector.Load(gradient + i);
                if (addend != null) slope += Vector.Load(addend + i);
                var direction = terms.Of(slope, weight);
                if (velocity != null)
                {
                    var speed = first ? direction : (Vector.Load(velocity + i) * keep) + direction;
                    Put(speed, next + i, pastToo);
                    direction = nesterov ? Vector.FusedMultiplyAdd(speed, keep, direction) : speed;
                }
                Put(Vector.FusedMultiplyAdd(direction, rate, weight), to + i, past);
            }

        if (past || pastToo) NonTemporal.Fence();
    }

    /// <summary>The plain update where gradients are bfloat16, and the weights after are wanted in it, too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void StepRounded(float* from, float* to, ushort* gradient, ushort* addend, float* velocity, float* next, ushort* rounded, in UpdateStep step)
    {
        var (rate, keep) = (Rate(step), new Vector<float>((float)spec.Momentum));
        var (past, pastToo) = (velocity != next && GoesPast(next), GoesPast(rounded));
        for (var (i, j) = (0L, (long)Vector<float>.Count); i < range.Floats; i += Vector<ushort>.Count, j += Vector<ushort>.Count)
        {
            var (low, high) = Bfloat16.Sum(gradient + i, addend + i);
            low = (Vector.Load(velocity + i) * keep) + low;
            high = (Vector.Load(velocity + j) * keep) + high;
            Put(low, next + i, past);
            Put(high, next + j, past);
            low = Vector.FusedMultiplyAdd(low, rate, Vector.Load(from + i));
            high = Vector.FusedMultiplyAdd(high, rate, Vector.Load(from + j));
            // Master weights are updated in place.
            Vector.Store(low, to + i);
            Vector.Store(high, to + j);
            Put(Bfloat16.Narrow(low, high), rounded + i, pastToo);
        }

        if (past || pastToo) NonTemporal.Fence();
    }

    private bool GoesPast(void* memory) => shardFloats >= LargeShard && (nint)memory % NonTemporal.Alignment == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<T>(Vector<T> value, T* to, bool past) where T : unmanaged
    {
        if (past) NonTemporal.Store(value, to);
        else Vector.Store(value, to);
    }
}
