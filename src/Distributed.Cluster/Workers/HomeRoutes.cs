using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Workers;

/// <summary>A shard on one server, as a worker sees it.</summary>
/// <param name="Index">The home's place in the job's list.</param>
/// <param name="AtGate">Its number at the gate: those whose weights the worker takes come first, in the order of the flat vector.</param>
/// <param name="Followed">Whether this worker takes the shard's weights from there.</param>
/// <param name="Relayed">Whether a server of the worker's host passes on what goes there and comes from there.</param>
internal readonly record struct Home(TrainingMessages.ShardDescription Shard, int Index, int AtGate, bool Followed, bool Relayed);

/// <summary>Over which server a worker reaches each home of each shard: over the home itself, or over one of its own host that passes things on.</summary>
internal sealed class HomeRoutes
{
    private readonly ILookup<int, Home> through;

    /// <param name="servers">The homes.</param>
    /// <param name="group">The worker's host, where gradients are summed there; null where each worker goes its own way.</param>
    public HomeRoutes(TrainingMessages.Connect servers, TrainingMessages.HostGroup? group)
    {
        int[] near = group?.Servers ?? [];
        var relaying = RelayPlan.Relaying(servers, near);
        var followed = RelayPlan.Followed(servers, near);
        var others = Enumerable.Range(0, servers.Homes.Count).Except(followed).ToArray();
        through = servers.Homes.Index()
            .Select(home => (Server: relaying[home.Index] is not RelayPlan.Direct and var relay ? relay : home.Item.Server, Home: new Home(
                home.Item, home.Index,
                Array.IndexOf(followed, home.Index) is >= 0 and var first ? first : followed.Length + Array.IndexOf(others, home.Index),
                followed.Contains(home.Index), relaying[home.Index] != RelayPlan.Direct)))
            .ToLookup(route => route.Server, route => route.Home);
    }

    /// <summary>The homes that are reached over a server, in the order of the flat vector.</summary>
    public Home[] Through(int server) => [.. through[server].OrderBy(home => home.Shard.Offset).ThenBy(home => home.Index)];
}
