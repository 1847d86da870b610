using Distributed.Cluster.Protocol;
using Distributed.Cluster.Succession;

namespace Distributed.Cluster.Tests.Succession;

public class InheritanceTests
{
    private static readonly TrainingMessages.ShardDescription Left = new(0, 0, 0, 60);
    private static readonly TrainingMessages.ShardDescription Right = new(1, 1, 60, 40);

    [Fact]
    public void All_members_are_awaited_but_the_lost_coordinators_own_node()
    {
        var inheritance = Of(["c-1", "s-1"], ["c-1", "w-1"]);
        Assert.Equal(["s-1", "w-1"], inheritance.Awaited);
        inheritance.Take(new TrainingMessages.Adopted(default, "s-1", Worker: false, Server: true));
        inheritance.Take(new TrainingMessages.Adopted(default, "w-1", Worker: true, Server: false));
        // Each part speaks for itself.
        Assert.Equal(["s-1", "w-1"], inheritance.Awaited);
        inheritance.Take(Holds("s-1", Left));
        inheritance.Take(new TrainingMessages.WorkerHere(default, "w-1", Prepared: true));
        Assert.Empty(inheritance.Awaited);
        Assert.True(inheritance.Workers["w-1"]);
    }

    [Fact]
    public void A_part_that_speaks_before_its_node_is_not_awaited_again()
    {
        var inheritance = Of(["s-1"], []);
        inheritance.Take(Holds("s-1", Left));
        inheritance.Take(new TrainingMessages.Adopted(default, "s-1", Worker: false, Server: true));
        Assert.Empty(inheritance.Awaited);
    }

    [Fact]
    public void Whoever_is_lost_or_has_nothing_is_not_awaited()
    {
        var inheritance = Of(["s-1"], ["w-1"]);
        inheritance.Lose("s-1");
        inheritance.Take(new TrainingMessages.Adopted(default, "w-1", Worker: false, Server: false));
        Assert.Empty(inheritance.Awaited);
        Assert.Empty(inheritance.Workers);
    }

    [Fact]
    public void Every_shard_has_one_first_home_and_servers_about_as_much_each()
    {
        var inheritance = Of(["s-1", "s-2"], []);
        inheritance.Take(Holds("s-1", Left, Right));
        inheritance.Take(Holds("s-2", Left, Right));
        var homes = inheritance.Homes(100)!;
        Assert.Equal(["s-1", "s-2"], homes.Select(home => home.Server));
        Assert.Equal([[Left], [Right]], homes.Select(home => home.Shards));
        Assert.Equal([[Right], [Left]], homes.Select(home => home.Backups));
    }

    [Fact]
    public void A_home_that_shares_its_memory_with_the_other_one_stays_the_first()
    {
        var (left, right) = (Left with { Shared = true }, Right with { Shared = true });
        var inheritance = Of(["s-1", "s-2"], []);
        inheritance.Take(Holds("s-1", Left, right));
        inheritance.Take(Holds("s-2", left, Right));
        var homes = inheritance.Homes(100)!;
        Assert.Equal([[right], [left]], homes.Select(home => home.Shards));
        Assert.Equal([[Left], [Right]], homes.Select(home => home.Backups));
    }

    [Fact]
    public void Backups_take_the_place_of_a_lost_servers_shards()
    {
        var inheritance = Of(["s-1", "s-2"], []);
        inheritance.Take(Holds("s-2", Left, Right));
        var home = Assert.Single(inheritance.Homes(100)!);
        Assert.Equal(("s-2", 2, 0), (home.Server, home.Shards.Length, home.Backups.Length));
    }

    [Fact]
    public void Without_a_shard_with_one_that_is_being_made_or_while_all_are_made_only_a_checkpoint_helps()
    {
        var partly = Of(["s-1", "s-2"], []);
        partly.Take(Holds("s-2", Right));
        Assert.Null(partly.Homes(100));
        var beginning = Of(["s-1"], []);
        beginning.Take(Holds("s-1", Left, Right) with { At = null });
        Assert.Null(beginning.Homes(100));
        // The former coordinator kept no servers: what they have is not of the version that it meant to go on from.
        var remaking = Of([], []);
        remaking.Take(Holds("s-1", Left, Right));
        Assert.Null(remaking.Homes(100));
    }

    private static Inheritance Of(string[] servers, string[] workers) =>
        new(new SuccessionMessages.KeptRun("c-1", [], 3, 12, 5, false, servers, workers), "c-2");

    private static TrainingMessages.ServerHolds Holds(string node, params TrainingMessages.ShardDescription[] shards) =>
        new(default, node, new TrainingMessages.ServerDescription(node, "127.0.0.1", 1, "", ""), shards);
}
