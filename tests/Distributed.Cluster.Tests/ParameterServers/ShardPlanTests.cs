using Distributed.Cluster.ParameterServers;
using FsCheck;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.ParameterServers;

public class ShardPlanTests
{
    [Property(MaxTest = 300)]
    public void Shards_cover_the_vector_once_start_at_pages_and_lie_server_by_server(NonNegativeInt scale, int seed)
    {
        var random = new Random(seed);
        var length = 1 + random.NextInt64((long)Math.Pow(10, 1 + scale.Get % 10));
        var servers = random.Next(1, 20);
        var cores = random.Next(1, 12);
        var plan = ShardPlan.Cut(length, servers, cores);
        var pages = (length + ShardPlan.PageFloats - 1) / ShardPlan.PageFloats;

        Assert.Equal(0, plan[0].Offset);
        Assert.Equal(length, plan[^1].End);
        Assert.All(plan.Zip(plan.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Offset));
        Assert.All(plan, shard => Assert.True(shard.Length > 0 && shard.Offset % ShardPlan.PageFloats == 0));
        Assert.Equal(Enumerable.Range(0, plan.Count), plan.Select(shard => shard.Shard));
        Assert.Equal(plan.Select(shard => shard.Server).Order(), plan.Select(shard => shard.Server));
        Assert.All(plan, shard => Assert.InRange(shard.Server, 0, servers - 1));
        Assert.Equal(Math.Min(servers, pages), plan.Select(shard => shard.Server).Distinct().Count());
        Assert.All(plan.CountBy(shard => shard.Server), count => Assert.InRange(count.Value, 1, cores));
        var sizes = plan.SkipLast(1).Select(shard => shard.Length / ShardPlan.PageFloats).Append((plan[^1].Length + ShardPlan.PageFloats - 1) / ShardPlan.PageFloats).ToArray();
        Assert.InRange(sizes.Max() - sizes.Min(), 0, 1);
    }

    [Property(MaxTest = 300)]
    public void Second_homes_are_on_other_servers_and_on_other_hosts_where_there_are_any(int seed)
    {
        var random = new Random(seed);
        var hosts = Enumerable.Range(0, random.Next(1, 12)).Select(_ => $"host-{random.Next(3)}").ToArray();
        var plan = ShardPlan.Cut(1_000_000, hosts.Length, 2);
        var backups = ShardPlan.Backups(plan, hosts);

        Assert.Equal(hosts.Length == 1 ? 0 : plan.Count, backups.Count);
        Assert.All(backups, backup =>
        {
            var first = plan[backup.Shard];
            Assert.Equal((first.Offset, first.Length), (backup.Offset, backup.Length));
            Assert.NotEqual(first.Server, backup.Server);
            Assert.True(hosts[first.Server] != hosts[backup.Server] || hosts.Distinct().Count() == 1);
        });
    }

    [Fact]
    public void Second_homes_are_dealt_out_to_the_servers_of_the_other_host()
    {
        var plan = ShardPlan.Cut(1_000_000, 4, 1);
        Assert.Equal([2, 3, 0, 1], ShardPlan.Backups(plan, ["a", "a", "b", "b"]).Select(backup => backup.Server));
        Assert.Equal([1, 2, 3, 0], ShardPlan.Backups(plan, ["a", "a", "a", "a"]).Select(backup => backup.Server));
    }

    [Property(MaxTest = 300)]
    public void Shards_for_streaming_cover_the_vector_once_and_are_dealt_to_the_servers_in_turn(NonNegativeInt scale, int seed)
    {
        var random = new Random(seed);
        var length = 1 + random.NextInt64((long)Math.Pow(10, 1 + scale.Get % 10));
        var servers = random.Next(1, 20);
        var plan = ShardPlan.CutForStreaming(length, servers, appended: 5);

        Assert.Equal(0, plan[0].Offset);
        Assert.Equal(length + 5, plan[^1].End);
        Assert.All(plan.Zip(plan.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Offset));
        Assert.All(plan, shard => Assert.True(shard.Length > 0 && shard.Offset % ShardPlan.PageFloats == 0));
        Assert.Equal(Enumerable.Range(0, plan.Count).Select(shard => (shard, shard % servers)), plan.Select(shard => (shard.Shard, shard.Server)));
        Assert.All(plan.CountBy(shard => shard.Server), count => Assert.InRange(count.Value, 1, ShardPlan.MostShardsAServer));
        Assert.InRange(plan.Count, 1, ShardPlan.MostShardsAJob);
    }

    [Fact]
    public void Shards_for_streaming_have_128_KB_to_1_MB_where_there_may_be_so_many()
    {
        Assert.Equal(2, ShardPlan.CutForStreaming(50_000, servers: 2).Count);
        Assert.Equal(16, ShardPlan.CutForStreaming(535_818, servers: 2).Count);
        Assert.Equal(40, ShardPlan.CutForStreaming(10_020_874, servers: 2).Count);
        Assert.Equal(128, ShardPlan.CutForStreaming(1_000_000_000, servers: 2).Count);
    }

    [Fact]
    public void More_servers_than_pages_leave_servers_without_a_shard()
    {
        var plan = ShardPlan.Cut(ShardPlan.PageFloats + 1, servers: 5, coresPerServer: 4);
        Assert.Equal([new(0, 0, 0, ShardPlan.PageFloats), new(1, 2, ShardPlan.PageFloats, 1)], plan);
    }

    [Fact]
    public void A_large_vector_gets_a_shard_a_core_and_a_small_one_a_shard_a_server()
    {
        Assert.Equal(8, ShardPlan.Cut(100_000_000, servers: 2, coresPerServer: 4).Count);
        Assert.Equal(2, ShardPlan.Cut(ShardPlan.FloatsWorthAShard, servers: 2, coresPerServer: 4).Count);
    }
}
