using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Succession;

/// <summary>
/// What a job's new coordinator hears of its members before it goes on: who works, and where the shards are. Knows names, and no actors.
/// </summary>
/// <param name="run">What the former coordinator had kept.</param>
/// <param name="self">This coordinator's node; that of the former one is not waited for, unless it is the same.</param>
internal sealed class Inheritance(SuccessionMessages.KeptRun run, string self)
{
    private readonly HashSet<string> awaited =
        [.. run.Servers.Concat(run.Workers).Where(node => node != run.Coordinator || node == self)];

    private readonly HashSet<(string Node, string Role)> parts = [];
    private readonly Dictionary<string, bool> workers = [];
    private readonly Dictionary<string, TrainingMessages.ServerHolds> servers = [];

    /// <summary>Members that have not said everything yet.</summary>
    public IReadOnlyList<string> Awaited => [.. awaited.Concat(parts.Select(part => part.Node)).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Those that work for the job, and whether they have their data.</summary>
    public IReadOnlyDictionary<string, bool> Workers => workers;

    /// <summary>Those that make shards or hold some.</summary>
    public IReadOnlyDictionary<string, TrainingMessages.ServerHolds> Servers => servers;

    /// <summary>What a node does for the job; it will say more of that.</summary>
    public void Take(TrainingMessages.Adopted adopted)
    {
        awaited.Remove(adopted.Node);
        if (adopted.Worker && !workers.ContainsKey(adopted.Node))
            parts.Add((adopted.Node, "worker"));
        if (adopted.Server && !servers.ContainsKey(adopted.Node))
            parts.Add((adopted.Node, "server"));
    }

    public void Take(TrainingMessages.WorkerHere worker)
    {
        workers[worker.Node] = worker.Prepared;
        parts.Remove((worker.Node, "worker"));
    }

    public void Take(TrainingMessages.ServerHolds server)
    {
        servers[server.Node] = server;
        parts.Remove((server.Node, "server"));
    }

    /// <summary>A node is gone.</summary>
    public void Lose(string node)
    {
        awaited.Remove(node);
        parts.RemoveWhere(part => part.Node == node);
        workers.Remove(node);
        servers.Remove(node);
    }

    /// <summary>
    /// Whether the run's files, with what servers have told besides, go as far as the shards. They may have one step more: the server of the first
    /// shard tells what slots saw in a step that other shards have not made yet, and which is made again.
    /// </summary>
    /// <param name="known">The first step of which it is not known what every slot saw.</param>
    /// <param name="version">The version that training is to go on from.</param>
    public static bool CanGoOn(long known, long version) => known - version is 0 or 1;

    /// <summary>
    /// Which server is to be which shard's first home, and which its second one: one that shares its memory with the other home stays the first;
    /// otherwise all homes of a shard stand alike, so the servers get about as much each. Null where a shard has no home left, or where shards were being made: then only a checkpoint has them.
    /// </summary>
    /// <param name="floats">The length of the flat vector.</param>
    public IReadOnlyList<(string Server, TrainingMessages.ShardDescription[] Shards, TrainingMessages.ShardDescription[] Backups)>? Homes(long floats)
    {
        var known = run.Servers.Where(name => servers.TryGetValue(name, out var holds) && holds.At is not null).ToArray();
        var bytes = known.ToDictionary(name => name, _ => 0L);
        var first = new Dictionary<int, string>();
        var reached = 0L;
        foreach (var shard in known.SelectMany(name => servers[name].Shards).DistinctBy(shard => shard.Shard).OrderBy(shard => shard.Offset))
        {
            if (shard.Offset != reached)
                return null;
            reached += shard.Length;
            var home = known.Where(name => Array.Exists(servers[name].Shards, held => held.Shard == shard.Shard))
                .OrderByDescending(name => Array.Exists(servers[name].Shards, held => held.Shard == shard.Shard && held.Shared)).ThenBy(name => bytes[name])
                .First();
            bytes[home] += shard.Length;
            first[shard.Shard] = home;
        }

        return reached != floats || floats == 0 ? null :
        [
            .. known.Select(name => (
                name, servers[name].Shards.Where(shard => first[shard.Shard] == name).ToArray(),
                servers[name].Shards.Where(shard => first[shard.Shard] != name).ToArray())),
        ];
    }
}
