using Distributed.Cluster.Coordination;

namespace Distributed.Cluster.Tests.Coordination;

public sealed class RegroupingTests
{
    [Fact]
    public void All_is_quiet_when_every_worker_has_stopped_and_every_server_has_said_where_it_stands()
    {
        var regrouping = new Regrouping(3, ["w-1", "w-2"], ["s-1", "s-2"]);
        regrouping.Halted("w-1", 2);
        regrouping.Fenced("s-1", 2, [(0, 9, false)]);
        Assert.Equal(["s-1", "s-2", "w-1", "w-2"], regrouping.Awaited.Order(StringComparer.Ordinal));
        regrouping.Halted("w-1", 3);
        regrouping.LoseWorker("w-2");
        regrouping.Fenced("s-1", 3, [(0, 7, false), (1, 8, false)]);
        Assert.False(regrouping.Quiet);
        regrouping.Fenced("s-2", 3, [(2, 8, false)]);
        Assert.True(regrouping.Quiet);
        Assert.Equal(7, regrouping.Version);
    }

    [Fact]
    public void Shards_that_stand_further_apart_than_steps_can_leave_them_are_no_place_to_go_on_from()
    {
        var regrouping = new Regrouping(2, [], ["s-1"]);
        regrouping.Fenced("s-1", 2, [(0, 4, false), (1, 6, false)]);
        Assert.Contains("0 (s-1): 4, 1 (s-1): 6", Assert.Throws<InvalidOperationException>(() => regrouping.Version).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, true, 4, false, 4)] // perhaps at 5 by now, but nobody is beyond
    [InlineData(4, true, 5, false, 4)]
    [InlineData(4, true, 5, true, 5)] // the other could complete 5 only with this one at 5
    [InlineData(4, true, 6, false, 5)]
    [InlineData(4, false, 5, false, 4)]
    [InlineData(4, true, 4, true, 4)]
    public void A_shard_whose_update_was_due_counts_as_updated_where_another_proves_it(long first, bool firstDue, long second, bool secondDue, long from)
    {
        foreach (var swapped in new[] { false, true })
        {
            var regrouping = new Regrouping(2, [], ["s-1"]);
            regrouping.Fenced("s-1", 2, [(swapped ? 1 : 0, first, firstDue), (swapped ? 0 : 1, second, secondDue)]);
            Assert.Equal(from, regrouping.Version);
        }
    }

    [Fact]
    public void As_many_nodes_as_are_wanted_are_recruited_and_none_that_has_not_let_go()
    {
        var membership = new Membership(1, 3);
        string[] nodes = ["w-1", "w-2", "w-3", "w-4"];
        membership.Dismiss("w-2", "worker");
        Assert.Equal(["w-3", "w-4"], membership.Recruits(nodes, ["w-1"], 0));
        membership.LetGo("w-2", "worker");
        Assert.Equal(["w-2", "w-3"], membership.Recruits(nodes, ["w-1"], 0));
        Assert.Empty(membership.Recruits(nodes, ["w-1", "w-2", "w-3"], 0));
    }

    [Fact]
    public void A_node_that_fails_to_link_is_left_alone_for_longer_each_time_until_it_is_started_anew()
    {
        var membership = new Membership(1, 1);
        var pause = (long)Membership.FirstPause.TotalMilliseconds;
        bool Comes(long now) => membership.Recruits(["w-1"], [], now).Count > 0;
        membership.Bar("w-1", 0);
        Assert.Equal((false, true), (Comes(pause - 1), Comes(pause)));
        membership.Bar("w-1", pause);
        Assert.Equal((false, true), (Comes(3 * pause - 1), Comes(3 * pause)));
        membership.BarForGood("w-1");
        Assert.False(Comes(long.MaxValue - 1));
        membership.Forgive("w-1");
        Assert.True(Comes(0));
    }

    [Fact]
    public void Those_that_served_before_serve_again()
    {
        var membership = new Membership(1, 1);
        membership.Dismiss("s-2", "server");
        Assert.Equal(["s-3", "s-1"], membership.Servers(["s-1", "s-2", "s-3", "s-4"], ["s-2", "s-3"], 2));
    }
}
