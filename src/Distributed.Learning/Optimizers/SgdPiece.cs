using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

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
/// Length of the shard. New weights of a large one are out of every cache before anyone reads them: they are written past the caches, which
/// saves reading what they replace.
/// </param>
internal sealed unsafe class SgdPiece(OptimizerSpec spec, PieceRange range, OptimizerState state, long shardFloats) : IOptimizerPiece
{
    /// <summary>Shards of so many floats are large: weights before and after, momentum and two gradients are 40 MB.</summary>
    private const long LargeShard = 1 << 21;

    /// <summary>Names of the state tensors: PyTorch's.</summary>
    public static IReadOnlyList<string> Moments(OptimizerSpec spec) => spec.Momentum == 0 ? [] : ["momentum_buffer"];

    public PieceRange Range => range;

    public void Step(IntPtr from, IntPtr to, IShardGradient gradient, in UpdateStep step)
    {
        var (first, second) = gradient.Addends(range.Start, range.Floats);
        var slopes = (float*)first;
        var addends = (float*)second;
        var rest = (int)(range.Floats % Vector<float>.Count);
        var whole = range.Floats - rest;
        var velocity = Velocity(step.Number - 1);
        var next = Velocity(step.Number);
        Step((float*)from, (float*)to, slopes, addends, velocity, next, whole, step);
        if (rest == 0) return;

        // The last floats fill a part of a vector only, so they go through one of their own.
        var (weights, slope, addend, speed) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        Copy((float*)from + whole, &weights);
        Copy(slopes + whole, &slope);
        if (addends != null) Copy(addends + whole, &addend);
        if (velocity != null) Copy(velocity + whole, &speed);
        var last = velocity == null ? null : (float*)&speed;
        Step((float*)&weights, (float*)&weights, (float*)&slope, addends == null ? null : (float*)&addend, last, last, Vector<float>.Count, step);
        Copy(&weights, (float*)to + whole);
        if (velocity != null) Copy(&speed, next + whole);

        void Copy(void* source, void* target) => Buffer.MemoryCopy(source, target, rest * sizeof(float), rest * sizeof(float));
    }

    public void Dispose()
    {
    }

    private float* Velocity(long steps) => state.Count == 0 ? null : (float*)state.AddressOf(0, steps) + range.Start;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Step(float* from, float* to, float* gradient, float* addend, float* velocity, float* next, long floats, in UpdateStep step)
    {
        var rate = new Vector<float>((float)-(step.LearningRate * range.Settings.LearningRateFactor));
        var keep = new Vector<float>((float)spec.Momentum);
        var terms = new GradientTerms(spec, range.Settings, step.Scale, decays: true);
        // The first gradient is the momentum as it is: torch clones it, and 0 + −0 would be another zero.
        var (first, nesterov) = (step.Number == 1, spec.Nesterov);
        var past = shardFloats >= LargeShard && (nint)to % sizeof(Vector<float>) == 0;
        var pastToo = past && next != velocity && (nint)next % sizeof(Vector<float>) == 0;
        // What most jobs do has a loop without branches for what they do not: one that never turns out otherwise still takes room in the processor's window, which
        // then holds fewer loads that are under way. From cold caches the other loop takes a third longer.
        if (addend != null && velocity != null && !first && !nesterov && terms.AreNone)
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

        // Whoever is told of them next must find them in memory.
        if (past && Sse.IsSupported) Sse.StoreFence();
        else if (past) Thread.MemoryBarrier();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector<float> value, float* to, bool past)
    {
        if (past) Vector.StoreAlignedNonTemporal(value, to);
        else Vector.Store(value, to);
    }
}
