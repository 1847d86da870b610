using System.Numerics;

namespace Distributed.Cluster.ParameterServers;

/// <summary>Consecutive slots [<paramref name="First"/>, First + <paramref name="Count"/>).</summary>
internal readonly record struct SlotRange(int First, int Count)
{
    public int End => First + Count;

    public bool Contains(SlotRange other) => First <= other.First && other.End <= End;

    public override string ToString() => Count == 1 ? $"{First}" : $"{First}-{End - 1}";
}

/// <summary>
/// The canonical order of summation: a fixed binary tree over the slot numbers of a job. A node of c slots is the sum of its
/// left child (the largest power of two below c) and its right child (the rest); a leaf is one slot's gradient. Floating-point
/// addition is not associative, so every sum follows this tree, whoever adds and whenever a gradient arrives.
/// </summary>
internal static class SlotTree
{
    public static SlotRange Root(int slots) => new(0, slots);

    /// <summary>The two children of a node of at least two slots.</summary>
    public static (SlotRange Left, SlotRange Right) Split(SlotRange node)
    {
        var left = 1 << BitOperations.Log2((uint)node.Count - 1);
        return (new SlotRange(node.First, left), new SlotRange(node.First + left, node.Count - left));
    }

    /// <summary>Whether <paramref name="range"/> is a node of the tree over <paramref name="slots"/> slots.</summary>
    public static bool IsNode(int slots, SlotRange range)
    {
        if (range.Count < 1 || range.First < 0 || range.First > slots - range.Count)
            return false;
        var node = Root(slots);
        while (node != range)
        {
            if (node.Count == 1)
                return false;
            var (left, right) = Split(node);
            node = range.First < right.First ? left : right;
            if (!node.Contains(range))
                return false;
        }

        return true;
    }

    /// <summary>The fewest nodes that together are exactly the owned slots, in slot order: what a worker may sum by itself.</summary>
    public static IReadOnlyList<SlotRange> Pieces(int slots, Func<int, bool> owned)
    {
        var pieces = new List<SlotRange>();
        Collect(Root(slots));
        return pieces;

        void Collect(SlotRange node)
        {
            if (Enumerable.Range(node.First, node.Count).All(owned))
            {
                pieces.Add(node);
            }
            else if (node.Count > 1)
            {
                var (left, right) = Split(node);
                Collect(left);
                Collect(right);
            }
        }
    }

    /// <summary>How many buffers beside its own the sum of a node needs while it is computed slot by slot (see SlotGradients).</summary>
    public static int ScratchBuffers(SlotRange node)
    {
        if (node.Count == 1)
            return 0;
        var (left, right) = Split(node);
        return right.Count == 1 ? ScratchBuffers(left) : Math.Max(ScratchBuffers(left), 1 + ScratchBuffers(right));
    }
}
