using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.Workers;

public class HomeRoutesTests
{
    [Property(MaxTest = 200)]
    public void Every_home_is_reached_once_and_the_weights_of_every_shard_come_from_one(int seed)
    {
        var random = new Random(seed);
        var hosts = Enumerable.Range(0, random.Next(1, 7)).Select(_ => $"host-{random.Next(3)}").ToArray();
        var (connect, _) = Servers(hosts, random.Next(2) == 1, [.. Enumerable.Range(0, 3).Where(_ => random.Next(2) == 1).Select(host => $"host-{host}")]);
        var here = $"host-{random.Next(3)}";
        int[] near = [.. Enumerable.Range(0, hosts.Length).Where(server => hosts[server] == here)];
        var group = near.Length == 0 ? null : new TrainingMessages.HostGroup(near, [0]);
        var routes = new HomeRoutes(connect, group);

        var all = Enumerable.Range(0, hosts.Length).SelectMany(server => routes.Through(server).Select(home => (Server: server, Home: home))).ToArray();
        Assert.Equal(Enumerable.Range(0, connect.Homes.Count), all.Select(route => route.Home.Index).Order());
        Assert.Equal(Enumerable.Range(0, connect.Homes.Count), all.Select(route => route.Home.AtGate).Order());
        Assert.Equal(
            connect.Shards.Select(shard => shard.Shard),
            all.Where(route => route.Home.Followed).OrderBy(route => route.Home.AtGate).Select(route => route.Home.Shard.Shard));
        Assert.All(all.Where(route => route.Home.Followed), route => Assert.InRange(route.Home.AtGate, 0, connect.Shards.Length - 1));
        Assert.All(all, route =>
        {
            Assert.Equal(route.Home.Relayed, route.Server != route.Home.Shard.Server);
            Assert.True(!route.Home.Relayed || near.Contains(route.Server));
            // Weights that are taken have a place where they are mapped from.
            Assert.True(!route.Home.Followed || connect.PlacedAt(route.Server).Any(placed => placed.Shard == route.Home.Shard.Shard));
        });
    }

    [Fact]
    public void On_a_host_with_room_for_all_shards_workers_talk_to_its_servers_alone()
    {
        var (connect, _) = Servers(["a", "b", "c"], backups: true, ["a"]);
        var routes = new HomeRoutes(connect, new TrainingMessages.HostGroup([0], [0, 1]));
        Assert.Equal(connect.Homes.Count, routes.Through(0).Length);
        Assert.Empty(routes.Through(1));
        Assert.Empty(routes.Through(2));
        // Of a shard that has a home on the host the weights are taken there, though its first home is elsewhere.
        Assert.All(connect.HeldBy(0), held => Assert.Contains(routes.Through(0), home => home is { Followed: true, Relayed: false } && home.Shard.Shard == held.Shard));
    }

    [Fact]
    public void Without_a_group_everybody_goes_straight()
    {
        var (connect, _) = Servers(["a", "b"], backups: false, ["a", "b"]);
        var routes = new HomeRoutes(connect, null);
        Assert.All((int[])[0, 1], server => Assert.Equal(connect.HeldBy(server), routes.Through(server).Select(home => home.Shard)));
        Assert.Equal(Enumerable.Range(0, connect.Shards.Length), routes.Through(0).Concat(routes.Through(1)).OrderBy(home => home.Index).Select(home => home.AtGate));
    }

    private static (TrainingMessages.Connect Connect, IReadOnlyList<ShardRange> Relays) Servers(string[] hosts, bool backups, string[] gathering)
    {
        var shards = ShardPlan.CutForStreaming(2_000_000, hosts.Length);
        var second = backups ? ShardPlan.Backups(shards, hosts) : [];
        var relays = RelayPlan.Relays([.. shards, .. second], hosts, gathering.ToHashSet());
        return (new TrainingMessages.Connect(
            Guid.Empty, [1], [.. hosts.Select(host => new TrainingMessages.ServerDescription(host, host, 1, "", ""))], Of(shards), true, Of(second), Of(relays)), relays);

        static TrainingMessages.ShardDescription[] Of(IEnumerable<ShardRange> ranges) =>
            [.. ranges.Select(range => new TrainingMessages.ShardDescription(range.Shard, range.Server, range.Offset, range.Length)).OrderBy(shard => shard.Offset)];
    }
}
