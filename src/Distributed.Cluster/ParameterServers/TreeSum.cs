using System.Numerics.Tensors;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Sums the gradients of all slots along the canonical tree (<see cref="SlotTree"/>). The order of additions is fixed by the
/// slots alone, and every element is summed by itself, so neither the block size nor where a shard is cut changes a bit.
/// </summary>
internal sealed unsafe class TreeSum
{
    /// <summary>Floats a block: two operands and the result stay in the level-1 or level-2 cache.</summary>
    private const int Block = 8192;

    /// <summary>One addition: operands and result are pieces (≥ 0), the final result (<see cref="Final"/>) or scratch (−2 − n).</summary>
    private readonly record struct Addition(int Left, int Right, int Result);

    private const int Final = -1;

    private readonly List<Addition> additions = [];
    private readonly float[] scratch;

    /// <summary>Plans the additions for pieces in slot order that together are all <paramref name="slots"/> slots.</summary>
    public TreeSum(int slots, IReadOnlyList<SlotRange> pieces)
    {
        var scratchBlocks = 0;
        Plan(SlotTree.Root(slots), Final, 0);
        scratch = GC.AllocateUninitializedArray<float>(scratchBlocks * Block);

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

    /// <summary>Whether there is nothing to add: the only piece is the sum.</summary>
    public bool IsTrivial => additions.Count == 0;

    /// <summary>Writes the sum of <paramref name="gradients"/> (one pointer a piece, in slot order) to <paramref name="sum"/>.</summary>
    public void Run(ReadOnlySpan<nint> gradients, float* sum, long floats)
    {
        fixed (float* temporary = scratch)
        {
            for (long start = 0; start < floats; start += Block)
            {
                var count = (int)Math.Min(Block, floats - start);
                foreach (var (left, right, result) in additions)
                    TensorPrimitives.Add(
                        new ReadOnlySpan<float>(At(left, gradients, temporary, sum, start), count),
                        new ReadOnlySpan<float>(At(right, gradients, temporary, sum, start), count),
                        new Span<float>(At(result, gradients, temporary, sum, start), count));
            }
        }
    }

    private static float* At(int place, ReadOnlySpan<nint> gradients, float* temporary, float* sum, long start) => place switch
    {
        >= 0 => (float*)gradients[place] + start,
        Final => sum + start,
        _ => temporary + (long)(-2 - place) * Block,
    };
}
