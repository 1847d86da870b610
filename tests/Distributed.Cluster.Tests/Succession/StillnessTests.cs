using Distributed.Cluster.Succession;

namespace Distributed.Cluster.Tests.Succession;

/// <summary>When a side of a partition decides.</summary>
public sealed class StillnessTests
{
    private const string All = "abcd";
    private readonly Stillness<char> stillness = new(TimeSpan.FromSeconds(5), 0);

    [Fact]
    public void Nothing_is_decided_while_all_are_reached()
    {
        for (var second = 0; second < 100; second++)
            Assert.False(At(second, ""));
    }

    [Fact]
    public void It_is_time_once_nothing_has_changed_for_so_long()
    {
        At(0, "");
        Assert.False(At(10, "d"));
        Assert.False(At(14, "d"));
        Assert.True(At(15, "d"));
        Assert.Equal(15_000, stillness.MissingFor(15_000));
    }

    [Fact]
    public void Another_that_is_missing_or_a_member_that_comes_begins_the_time_anew()
    {
        At(0, "d");
        Assert.False(At(4, "cd"));
        Assert.False(At(8, "cd"));
        Assert.False(stillness.Observe(All + "e", "cd", 9_000));
        Assert.False(stillness.Observe(All + "e", "cd", 13_000));
        Assert.True(stillness.Observe(All + "e", "cd", 14_000));
    }

    [Fact]
    public void Whoever_is_back_is_not_decided_about()
    {
        At(0, "d");
        At(4, "");
        Assert.False(At(6, ""));
        Assert.False(At(20, "d"));
        Assert.True(At(25, "d"));
    }

    [Fact]
    public void A_network_that_flaps_is_decided_about_in_the_end()
    {
        At(0, "");
        var decided = Enumerable.Range(1, 60).First(second => At(second, second % 2 == 0 ? "d" : "cd"));
        Assert.Equal(Stillness<char>.LongestUnrest * 5, decided);
    }

    [Fact]
    public void After_a_decision_the_next_one_takes_as_long()
    {
        At(0, "d");
        Assert.True(At(5, "d"));
        stillness.Decided(5_000);
        Assert.False(At(9, "d"));
        Assert.True(At(10, "d"));
    }

    private bool At(int second, string unreachable) => stillness.Observe(All, unreachable, second * 1000L);
}
