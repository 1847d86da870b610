using System.Runtime.InteropServices;
using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Tests.ParameterServers;

public class TreeSumTests
{
    /// <summary>Below, at and beyond the vector width and the block size.</summary>
    private static readonly int[] Lengths = [1, 5, 16, 31, 8192, 8192 + 3];

    [Fact]
    public void Every_partition_into_nodes_gives_the_bits_of_the_naive_tree()
    {
        for (var slots = 1; slots <= 9; slots++)
        {
            var known = Gradients.Nodes(SlotTree.Root(slots)).ToDictionary(node => node, node => Gradients.Piece(node, slots, 0, 37));
            foreach (var pieces in Gradients.Partitions(SlotTree.Root(slots)))
                Check(slots, pieces, [.. pieces.Select(piece => known[piece])], known[SlotTree.Root(slots)]);
        }
    }

    [Fact]
    public void Any_length_is_summed_to_its_last_element_and_not_beyond()
    {
        const int slots = 5;
        var partition = Gradients.Partitions(SlotTree.Root(slots)).MaxBy(pieces => pieces.Length)!;
        foreach (var length in Lengths)
        {
            float[][] inputs = [.. partition.Select(piece => Gradients.Piece(piece, 7, 1, length))];
            Check(slots, partition, inputs, Gradients.Piece(SlotTree.Root(slots), 7, 1, length));
        }
    }

    [Fact]
    public void Another_order_of_addition_would_give_other_bits()
    {
        // Otherwise the tests above would prove nothing.
        var tree = Gradients.Sum(new SlotRange(0, 9), 1, 0, 0);
        var differs = Enumerable.Range(0, 50).Any(seed =>
            Enumerable.Range(0, 9).Aggregate(0f, (sum, slot) => sum + Gradients.Of(seed, 0, slot, 0)) != Gradients.Sum(new SlotRange(0, 9), seed, 0, 0));
        Assert.True(differs && float.IsFinite(tree));
    }

    [Fact]
    public unsafe void A_single_piece_is_the_sum_where_it_lies()
    {
        var tree = new TreeSum(6, [new SlotRange(0, 6)]);
        using var buffers = tree.Rent();
        var gradient = GC.AllocateArray<float>(10, pinned: true);
        Assert.Equal((nint)(Gradients.Address(gradient) + 3), tree.Run([(nint)Gradients.Address(gradient)], 3, 7, buffers));
    }

    [Fact]
    public void Pieces_that_leave_a_slot_out_are_refused() =>
        Assert.Contains("slot 2", Assert.Throws<ArgumentException>(() => new TreeSum(4, [new(0, 2), new(3, 1)])).Message, StringComparison.Ordinal);

    private static unsafe void Check(int slots, IReadOnlyList<SlotRange> pieces, float[][] inputs, float[] expected)
    {
        var tree = new TreeSum(slots, pieces);
        using var buffers = tree.Rent();
        nint[] addresses = [.. inputs.Select(input => (nint)Gradients.Address(input))];
        // As a whole, and cut at a place that is no multiple of anything.
        var cut = expected.Length / 3;
        foreach (var (start, floats) in ((int, int)[])[(0, expected.Length), (0, cut), (cut, expected.Length - cut)])
        {
            var bits = expected[start..(start + floats)].Select(BitConverter.SingleToInt32Bits);
            Assert.Equal(bits, Run(start, floats));
            Assert.Equal(bits, Added(start, floats));
        }

        int[] Run(int start, int floats) => MemoryMarshal.Cast<float, int>(new ReadOnlySpan<float>((float*)tree.Run(addresses, start, floats, buffers), floats)).ToArray();

        int[] Added(int start, int floats)
        {
            var (first, second) = tree.Addends(addresses, start, floats, buffers);
            // There is always something to add, but where one piece is all, or where sums of more than a block lead to the last one.
            Assert.Equal(pieces.Count == 1 || (pieces.Count > 2 && floats > SumBuffers.Block), second == 0);
            return [.. Enumerable.Range(0, floats).Select(i => BitConverter.SingleToInt32Bits(second == 0 ? ((float*)first)[i] : ((float*)first)[i] + ((float*)second)[i]))];
        }
    }
}
