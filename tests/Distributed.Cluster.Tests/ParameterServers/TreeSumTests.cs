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
    public void A_single_piece_needs_no_addition() => Assert.True(new TreeSum(6, [new SlotRange(0, 6)]).IsTrivial);

    [Fact]
    public void Pieces_that_leave_a_slot_out_are_refused() =>
        Assert.Contains("slot 2", Assert.Throws<ArgumentException>(() => new TreeSum(4, [new(0, 2), new(3, 1)])).Message, StringComparison.Ordinal);

    private static unsafe void Check(int slots, IReadOnlyList<SlotRange> pieces, float[][] inputs, float[] expected)
    {
        var tree = new TreeSum(slots, pieces);
        if (tree.IsTrivial)
        {
            Assert.Single(pieces);
            return;
        }

        const float untouched = 123.5f;
        var sum = GC.AllocateArray<float>(expected.Length + 1, pinned: true);
        sum[^1] = untouched;
        tree.Run([.. inputs.Select(input => (nint)Gradients.Address(input))], Gradients.Address(sum), expected.Length);
        Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), sum[..^1].Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(untouched, sum[^1]);
    }
}
