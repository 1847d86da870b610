using Distributed.Cluster.ParameterServers;
using FsCheck;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.ParameterServers;

public class SlotTreeTests
{
    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(5, 4)]
    [InlineData(8, 4)]
    [InlineData(9, 8)]
    [InlineData(4096, 2048)]
    public void The_left_child_is_the_largest_power_of_two_below_the_count(int count, int left)
    {
        var (head, tail) = SlotTree.Split(new SlotRange(3, count));
        Assert.Equal(new SlotRange(3, left), head);
        Assert.Equal(new SlotRange(3 + left, count - left), tail);
    }

    [Fact]
    public void Exactly_the_nodes_are_nodes()
    {
        for (var slots = 1; slots <= 20; slots++)
        {
            var nodes = Gradients.Nodes(SlotTree.Root(slots)).ToHashSet();
            for (var first = -2; first <= slots + 1; first++)
                for (var count = -1; count <= slots + 2; count++)
                    Assert.Equal(nodes.Contains(new SlotRange(first, count)), SlotTree.IsNode(slots, new SlotRange(first, count)));
        }

        Assert.False(SlotTree.IsNode(4, new SlotRange(int.MaxValue, int.MaxValue)));
    }

    /// <summary>Against the reference: all nodes whose slots are all owned and whose parent's are not.</summary>
    [Property(MaxTest = 200)]
    public void Pieces_are_the_fewest_nodes_that_are_exactly_the_owned_slots(PositiveInt size, int seed)
    {
        var slots = 1 + size.Get % 24;
        var random = new Random(seed);
        var owned = Enumerable.Range(0, slots).Where(_ => random.Next(4) > 0).ToHashSet();
        var whole = Gradients.Nodes(SlotTree.Root(slots)).Where(node => Enumerable.Range(node.First, node.Count).All(owned.Contains)).ToArray();
        var expected = whole.Where(node => !whole.Any(other => other != node && other.Contains(node))).OrderBy(node => node.First);
        Assert.Equal(expected, SlotTree.Pieces(slots, owned.Contains));
    }

    [Theory]
    [InlineData(1, "3")]
    [InlineData(3, "3-5")]
    public void A_range_reads_as_slots(int count, string text) => Assert.Equal(text, new SlotRange(3, count).ToString());
}
