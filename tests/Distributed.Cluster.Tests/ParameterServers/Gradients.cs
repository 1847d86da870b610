using System.Runtime.CompilerServices;
using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Tests.ParameterServers;

/// <summary>Made-up gradients whose sum depends on the order of addition, and the naive sum that everything is held against.</summary>
internal static class Gradients
{
    /// <summary>Values of many magnitudes: almost any other order of addition gives other bits.</summary>
    public static float Of(int seed, long version, int slot, int element)
    {
        // The finalizer of MurmurHash3 (Appleby, 2011), twice: one word for the value, one for its magnitude.
        var value = Mix(unchecked((uint)(seed * 1_000_003L + version * 10_007 + slot * 101 + element * 7919)));
        return (float)((value / (double)uint.MaxValue - 0.5) * Math.Pow(10, Mix(value) % 7 - 3.0));
    }

    private static uint Mix(uint h)
    {
        h = unchecked((h ^ (h >> 16)) * 0x85ebca6b);
        h = unchecked((h ^ (h >> 13)) * 0xc2b2ae35);
        return h ^ (h >> 16);
    }

    /// <summary>The tree written once more, from its description: left is the largest power of two below the count.</summary>
    public static float Sum(int first, int count, Func<int, float> of)
    {
        if (count == 1)
            return of(first);
        var left = 1;
        while (left * 2 < count)
            left *= 2;
        return Sum(first, left, of) + Sum(first + left, count - left, of);
    }

    public static float Sum(SlotRange piece, int seed, long version, int element) =>
        Sum(piece.First, piece.Count, slot => Of(seed, version, slot, element));

    public static float[] Piece(SlotRange piece, int seed, long version, int floats)
    {
        var sum = GC.AllocateArray<float>(floats, pinned: true);
        for (var i = 0; i < floats; i++)
            sum[i] = Sum(piece, seed, version, i);
        return sum;
    }

    /// <summary>The address of a pinned array's first element.</summary>
    public static unsafe float* Address(float[] pinned) => (float*)Unsafe.AsPointer(ref pinned[0]);

    /// <summary>Every node of the tree over some slots.</summary>
    public static IReadOnlyList<SlotRange> Nodes(SlotRange node)
    {
        if (node.Count == 1)
            return [node];
        var (left, right) = SlotTree.Split(node);
        return [node, .. Nodes(left), .. Nodes(right)];
    }

    /// <summary>Every way to put a node together from nodes, each in slot order.</summary>
    public static IEnumerable<SlotRange[]> Partitions(SlotRange node)
    {
        yield return [node];
        if (node.Count == 1)
            yield break;
        var (left, right) = SlotTree.Split(node);
        foreach (var head in Partitions(left))
            foreach (var tail in Partitions(right))
                yield return [.. head, .. tail];
    }

    /// <summary>One of these ways.</summary>
    public static IEnumerable<SlotRange> RandomPartition(SlotRange node, Random random)
    {
        if (node.Count == 1 || random.Next(3) == 0)
            return [node];
        var (left, right) = SlotTree.Split(node);
        return [.. RandomPartition(left, random), .. RandomPartition(right, random)];
    }
}
