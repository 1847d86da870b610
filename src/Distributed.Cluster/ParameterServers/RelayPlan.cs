using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Which server of a host passes on what its workers exchange with servers elsewhere. Worker and server work it out from the same lists.
/// </summary>
internal static class RelayPlan
{
    /// <summary>No server of the host does: workers link with the home themselves.</summary>
    public const int Direct = -1;

    /// <summary>For each of the homes the server of the group that passes on what goes there and comes from there, or <see cref="Direct"/>.</summary>
    /// <param name="servers">All homes, and where there is room for the weights of shards that have no home on a host.</param>
    /// <param name="group">The servers of the host; none where each worker goes its own way.</param>
    public static int[] Relaying(TrainingMessages.Connect servers, IReadOnlyCollection<int> group)
    {
        var near = servers.Homes.Concat(servers.Relays ?? []).Where(shard => group.Contains(shard.Server))
            .GroupBy(shard => shard.Shard).ToDictionary(places => places.Key, places => places.Min(place => place.Server));
        return [.. servers.Homes.Select(home => group.Contains(home.Server) ? Direct : near.GetValueOrDefault(home.Shard, Direct))];
    }

    /// <summary>For each shard, in the order of the flat vector, the home whose weights a worker takes: one on its host, else the first.</summary>
    public static int[] Followed(TrainingMessages.Connect servers, IReadOnlyCollection<int> group)
    {
        var homes = servers.Homes.Index().ToLookup(home => home.Item.Shard);
        return
        [
            .. servers.Shards.Select(shard => homes[shard.Shard].OrderBy(home => group.Contains(home.Item.Server) ? 0 : 1).ThenBy(home => home.Index).First().Index),
        ];
    }

    /// <summary>The shards that each server is to have room for: those without a home on its host, dealt to the servers of the host in turn.</summary>
    /// <param name="homes">All homes of all shards.</param>
    /// <param name="hosts">The host of each server.</param>
    /// <param name="gathering">The hosts whose workers' gradients are summed.</param>
    public static IReadOnlyList<ShardRange> Relays(IReadOnlyList<ShardRange> homes, IReadOnlyList<string> hosts, IReadOnlySet<string> gathering)
    {
        var relays = new List<ShardRange>();
        foreach (var host in hosts.Distinct().Where(gathering.Contains))
        {
            var near = Enumerable.Range(0, hosts.Count).Where(server => hosts[server] == host).ToArray();
            var here = homes.Where(home => hosts[home.Server] == host).Select(home => home.Shard).ToHashSet();
            relays.AddRange(homes.DistinctBy(home => home.Shard).Where(home => !here.Contains(home.Shard))
                .Select(home => home with { Server = near[home.Shard % near.Length] }));
        }

        return relays;
    }
}
