using Distributed.Cluster.Succession;

namespace Distributed.Cluster.Tests.Succession;

public class QuorumTests
{
    private readonly Quorum<string> quorum = new();
    private readonly List<long> done = [];

    [Fact]
    public void A_single_node_waits_for_nobody()
    {
        Begin(1);
        Assert.Equal([1], done);
        Assert.Empty(quorum.Pending);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    public void A_majority_is_needed_and_no_more(int others, int needed)
    {
        quorum.Members(Names(others));
        Begin(1);
        foreach (var name in Names(others).Take(needed - 1))
            quorum.Acknowledge(name, 1);
        Assert.Empty(done);
        quorum.Acknowledge(Names(others).ElementAt(needed - 1), 1);
        Assert.Equal([1], done);
        quorum.Acknowledge(Names(others).Last(), 1);
        Assert.Equal([1], done);
    }

    [Fact]
    public void The_same_word_twice_and_that_of_a_stranger_do_not_count()
    {
        quorum.Members(Names(3));
        Begin(1);
        quorum.Acknowledge("n0", 1);
        quorum.Acknowledge("n0", 1);
        quorum.Acknowledge("stranger", 1);
        Assert.Empty(done);
        Assert.Equal(["n1", "n2"], Assert.Single(quorum.Pending).Missing.Order());
    }

    [Fact]
    public void Whoever_left_is_not_waited_for()
    {
        quorum.Members(Names(1));
        Begin(1);
        Begin(2);
        Assert.Empty(done);
        quorum.Members([]);
        Assert.Equal([1, 2], done);
    }

    private static IEnumerable<string> Names(int count) => Enumerable.Range(0, count).Select(i => $"n{i}");

    private void Begin(long number) => quorum.Begin(number, () => done.Add(number));
}
