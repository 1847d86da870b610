using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Distributed.Learning;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Sums the gradients of all slots along the canonical tree (<see cref="SlotTree"/>). The order of additions is fixed by the
/// slots alone, and every element is summed by itself, so neither the block size nor where a shard is cut changes a bit.
/// </summary>
internal sealed unsafe class TreeSum : IDisposable
{
    /// <summary>Floats a block: two operands and the result stay in the level-1 or level-2 cache.</summary>
    private const int Block = 8192;

    /// <summary>One addition: operands and result are pieces (≥ 0), the final result (<see cref="Final"/>) or scratch (−2 − n).</summary>
    private readonly record struct Addition(int Left, int Right, int Result);

    private const int Final = -1;

    private readonly List<Addition> additions = [];
    private readonly float* sum;
    private readonly float* scratch;

    /// <summary>Plans the additions for pieces in slot order that together are all <paramref name="slots"/> slots.</summary>
    public TreeSum(int slots, IReadOnlyList<SlotRange> pieces)
    {
        var scratchBlocks = 0;
        Plan(SlotTree.Root(slots), Final, 0);
        sum = Allocate(ShardOptimizer.PieceFloats);
        scratch = Allocate(Math.Max(1, scratchBlocks) * Block);

        // Returns where the sum of the node will be found: the piece itself if it is one, else `result`.
        int Plan(SlotRange node, int result, int depth)
        {
            for (var i = 0; i < pieces.Count; i++)
                if (pieces[i] == node)
                    return i;
            if (node.Count == 1)
                throw new ArgumentException($"the pieces {string.Join(", ", pieces)} do not cover slot {node.First}", nameof(pieces));
            var (left, right) = SlotTree.Split(node);
            var leftAt = Plan(left, -2 - depth, depth + 1);
            var rightAt = Plan(right, -2 - depth - 1, depth + 2);
            scratchBlocks = Math.Max(scratchBlocks, Math.Max(-1 - leftAt, -1 - rightAt));
            additions.Add(new Addition(leftAt, rightAt, result));
            return result;
        }
    }

    /// <summary>
    /// The sum of <paramref name="floats"/> floats from <paramref name="start"/> on of <paramref name="gradients"/> (one address a piece,
    /// in slot order): at an address that is valid until the next call.
    /// </summary>
    /// <param name="gradients">Addresses of whole gradients.</param>
    /// <param name="start">The first float.</param>
    /// <param name="floats">How many, at most <see cref="ShardOptimizer.PieceFloats"/>.</param>
    public nint Run(ReadOnlySpan<nint> gradients, long start, long floats)
    {
        // The only piece is the sum.
        if (additions.Count == 0)
            return gradients[0] + (nint)(start * sizeof(float));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(floats, ShardOptimizer.PieceFloats);
        for (var done = 0L; done < floats; done += Block)
        {
            var count = (int)Math.Min(Block, floats - done);
            foreach (var (left, right, result) in additions)
                TensorPrimitives.Add(
                    new ReadOnlySpan<float>(At(left, gradients, start, done), count),
                    new ReadOnlySpan<float>(At(right, gradients, start, done), count),
                    new Span<float>(At(result, gradients, start, done), count));
        }

        return (nint)sum;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(sum);
        NativeMemory.AlignedFree(scratch);
    }

    private float* At(int place, ReadOnlySpan<nint> gradients, long start, long done) => place switch
    {
        >= 0 => (float*)gradients[place] + start + done,
        Final => sum + done,
        _ => scratch + (long)(-2 - place) * Block,
    };

    private static float* Allocate(long floats) => (float*)NativeMemory.AlignedAlloc((nuint)(floats * sizeof(float)), 64);
}
