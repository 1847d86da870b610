using System.Numerics.Tensors;
using Distributed.Learning;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Sums the gradients of all slots along the canonical tree (<see cref="SlotTree"/>). The order of additions is fixed by the
/// slots alone, and every element is summed by itself, so neither the block size nor where a shard is cut changes a bit. In bfloat16 each
/// sum is rounded, since a worker that adds up several slots has nothing finer to keep it in.
/// </summary>
internal sealed unsafe class TreeSum
{
    private const int Block = SumBuffers.Block;

    /// <summary>One addition: operands and result are pieces (≥ 0), the final result (<see cref="Final"/>) or scratch (−2 − n).</summary>
    private readonly record struct Addition(int Left, int Right, int Result);

    private const int Final = -1;

    private readonly Addition[] additions;
    private readonly FlatFormat format;
    private readonly int scratchBlocks;

    /// <summary>Plans the additions for pieces in slot order that together are all <paramref name="slots"/> slots.</summary>
    /// <param name="slots">The job's slots.</param>
    /// <param name="pieces">The pieces.</param>
    /// <param name="format">How gradients lie in memory.</param>
    public TreeSum(int slots, IReadOnlyList<SlotRange> pieces, FlatFormat format = default)
        : this(slots, SlotTree.Root(slots), pieces, format)
    {
    }

    /// <summary>Plans the additions for pieces in slot order that together are one node of the tree.</summary>
    /// <param name="slots">The job's slots.</param>
    /// <param name="root">The node.</param>
    /// <param name="pieces">The pieces.</param>
    /// <param name="format">How gradients lie in memory.</param>
    /// <exception cref="ArgumentException">They do not cover it, or it is no node.</exception>
    public TreeSum(int slots, SlotRange root, IReadOnlyList<SlotRange> pieces, FlatFormat format)
    {
        if (!SlotTree.IsNode(slots, root))
            throw new ArgumentException($"slots {root} are no node of the tree over {slots}", nameof(root));
        this.format = format;
        var needed = 0;
        var planned = new List<Addition>();
        Plan(root, Final, 0);
        additions = [.. planned];
        scratchBlocks = needed;

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
            needed = Math.Max(needed, Math.Max(-1 - leftAt, -1 - rightAt));
            planned.Add(new Addition(leftAt, rightAt, result));
            return result;
        }
    }

    /// <summary>Room for its sums, which the calling thread disposes of when it is done with them.</summary>
    public SumBuffers Rent() => SumBuffers.Rent(scratchBlocks);

    /// <summary>
    /// The sum of <paramref name="floats"/> elements from <paramref name="start"/> on of <paramref name="gradients"/> (one address a piece,
    /// in slot order), as float32: at an address that is valid until the next call with these buffers.
    /// </summary>
    /// <param name="gradients">Addresses of whole gradients.</param>
    /// <param name="start">The first element.</param>
    /// <param name="floats">How many, at most <see cref="ShardOptimizer.PieceFloats"/>; all of them trained, or none.</param>
    /// <param name="buffers">From <see cref="Rent"/>.</param>
    public nint Run(ReadOnlySpan<nint> gradients, long start, long floats, SumBuffers buffers)
    {
        if (format.IsRounded(start))
            return RunRounded(gradients, start, floats, buffers);
        // The only piece is the sum.
        if (additions.Length == 0)
            return gradients[0] + (nint)format.BytesTo(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(floats, ShardOptimizer.PieceFloats);
        for (var done = 0L; done < floats; done += Block)
            Add(additions, gradients, start, done, (int)Math.Min(Block, floats - done), buffers);
        return (nint)buffers.Sum;
    }

    /// <summary>As <see cref="Run"/>, but for the last addition, which is left to the caller: see <see cref="IShardGradient.Addends"/>.</summary>
    /// <param name="gradients">Addresses of whole gradients.</param>
    /// <param name="start">The first element.</param>
    /// <param name="floats">How many, at most <see cref="ShardOptimizer.PieceFloats"/>; all of them trained, or none.</param>
    /// <param name="buffers">From <see cref="Rent"/>.</param>
    public (nint First, nint Second) Addends(ReadOnlySpan<nint> gradients, long start, long floats, SumBuffers buffers)
    {
        // The sum of one piece, or in bfloat16; or sums that lead to the last one, for which there is room a block at a time.
        if (additions.Length == 0 || format.IsRounded(start) || (additions.Length > 1 && floats > Block))
            return (Run(gradients, start, floats, buffers), 0);
        if (additions.Length > 1)
            Add(additions.AsSpan(..^1), gradients, start, 0, (int)floats, buffers);
        var last = additions[^1];
        return ((nint)At(last.Left, gradients, start, 0, buffers), (nint)At(last.Right, gradients, start, 0, buffers));
    }

    /// <summary>As <see cref="Addends"/>, of bfloat16: see <see cref="IShardGradient.RoundedAddends"/>.</summary>
    /// <param name="gradients">Addresses of whole gradients.</param>
    /// <param name="start">The first element.</param>
    /// <param name="floats">How many, at most <see cref="ShardOptimizer.AddedFloats"/>; all of them trained, or none.</param>
    /// <param name="buffers">From <see cref="Rent"/>.</param>
    public (nint First, nint Second)? RoundedAddends(ReadOnlySpan<nint> gradients, long start, long floats, SumBuffers buffers)
    {
        if (additions.Length == 0 || !format.IsRounded(start)) return null;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(floats, Block);
        AddRounded(additions.AsSpan(..^1), gradients, start, 0, floats, buffers);
        var last = additions[^1];
        return ((nint)RoundedAt(last.Left, gradients, start, 0, buffers), (nint)RoundedAt(last.Right, gradients, start, 0, buffers));
    }

    /// <summary>Writes the sum of all elements as gradients lie in memory, to be sent; there are two pieces at least.</summary>
    /// <param name="gradients">Addresses of whole gradients, in slot order.</param>
    /// <param name="floats">How many elements they have.</param>
    /// <param name="into">Address of the whole sum.</param>
    public void Write(ReadOnlySpan<nint> gradients, long floats, nint into)
    {
        using var buffers = Rent();
        var rounded = format.IsRounded(0) ? Math.Min(format.Trained, floats) : 0;
        for (var done = 0L; done < rounded; done += Block)
            foreach (var (left, right, result) in additions)
                Bfloat16.Add(
                    RoundedAt(left, gradients, 0, done, buffers), RoundedAt(right, gradients, 0, done, buffers),
                    result == Final ? (ushort*)into + done : RoundedAt(result, gradients, 0, done, buffers), Math.Min(Block, rounded - done));
        for (var done = 0L; done < floats - rounded; done += Block)
        {
            var count = (int)Math.Min(Block, floats - rounded - done);
            foreach (var (left, right, result) in additions)
                TensorPrimitives.Add(
                    new ReadOnlySpan<float>(At(left, gradients, rounded, done, buffers), count),
                    new ReadOnlySpan<float>(At(right, gradients, rounded, done, buffers), count),
                    new Span<float>(result == Final ? (float*)(into + (nint)format.BytesTo(rounded)) + done : At(result, gradients, rounded, done, buffers), count));
        }
    }

    private void Add(ReadOnlySpan<Addition> some, ReadOnlySpan<nint> gradients, long start, long done, int count, SumBuffers buffers)
    {
        foreach (var (left, right, result) in some)
            TensorPrimitives.Add(
                new ReadOnlySpan<float>(At(left, gradients, start, done, buffers), count),
                new ReadOnlySpan<float>(At(right, gradients, start, done, buffers), count),
                new Span<float>(At(result, gradients, start, done, buffers), count));
    }

    private nint RunRounded(ReadOnlySpan<nint> gradients, long start, long floats, SumBuffers buffers)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(floats, ShardOptimizer.PieceFloats);
        if (additions.Length == 0)
        {
            Bfloat16.Widen(RoundedAt(0, gradients, start, 0, buffers), buffers.Sum, floats);
            return (nint)buffers.Sum;
        }

        var last = additions[^1];
        for (var done = 0L; done < floats; done += Block)
        {
            var count = Math.Min(Block, floats - done);
            AddRounded(additions.AsSpan(..^1), gradients, start, done, count, buffers);
            Bfloat16.Add(RoundedAt(last.Left, gradients, start, done, buffers), RoundedAt(last.Right, gradients, start, done, buffers), buffers.Sum + done, count);
        }

        return (nint)buffers.Sum;
    }

    private void AddRounded(ReadOnlySpan<Addition> some, ReadOnlySpan<nint> gradients, long start, long done, long count, SumBuffers buffers)
    {
        foreach (var (left, right, result) in some)
            Bfloat16.Add(
                RoundedAt(left, gradients, start, done, buffers), RoundedAt(right, gradients, start, done, buffers),
                RoundedAt(result, gradients, start, done, buffers), count);
    }

    private float* At(int place, ReadOnlySpan<nint> gradients, long start, long done, SumBuffers buffers) => place switch
    {
        >= 0 => (float*)(gradients[place] + (nint)format.BytesTo(start)) + done,
        Final => buffers.Sum + done,
        _ => buffers.Scratch + (long)(-2 - place) * Block,
    };

    private ushort* RoundedAt(int place, ReadOnlySpan<nint> gradients, long start, long done, SumBuffers buffers) =>
        place >= 0 ? (ushort*)gradients[place] + start + done : (ushort*)(buffers.Scratch + (long)(-2 - place) * Block);
}
