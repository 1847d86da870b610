namespace Distributed.Cluster.Coordination;

/// <summary>
/// What one raising of the term waits for before training can go on, and where it goes on: every worker that had slots does nothing for lower
/// terms any more, and every shard has said where it stands.
/// </summary>
/// <remarks>
/// Workers start step t+1 only with version t+1 of every shard, so all shards stand at v or v+1 for one v. Training goes on at v: a shard
/// that is at v+1 still has v in its other buffer, and drops what it is sent of v again.
/// </remarks>
internal sealed class Regrouping(long term, IEnumerable<string> workers, IEnumerable<string> servers)
{
    private readonly HashSet<string> workers = [.. workers];
    private readonly HashSet<string> servers = [.. servers];
    private readonly Dictionary<int, long> versions = [];

    public long Term => term;

    /// <summary>Who has not answered yet.</summary>
    public IEnumerable<string> Awaited => servers.Concat(workers);

    /// <summary>Whether nobody does anything under lower terms any more.</summary>
    public bool Quiet => workers.Count == 0 && servers.Count == 0;

    /// <summary>The version from which training goes on; once all is quiet, if no server has to be made again.</summary>
    /// <exception cref="InvalidOperationException">The shards stand further apart than steps can leave them.</exception>
    public long Version
    {
        get
        {
            var (least, most) = (versions.Values.Min(), versions.Values.Max());
            return most - least <= 1
                ? least
                : throw new InvalidOperationException($"the shards stand at versions {string.Join(", ", versions.OrderBy(known => known.Key).Select(known => known.Value))}");
        }
    }

    /// <summary>A worker has stopped.</summary>
    public void Halted(string worker, long under)
    {
        if (under == term)
            workers.Remove(worker);
    }

    /// <summary>A server takes nothing of lower terms any more; its shards stand at these versions.</summary>
    public void Fenced(string server, long under, IEnumerable<(int Shard, long Version)> shards)
    {
        if (under != term || !servers.Remove(server))
            return;
        foreach (var (shard, version) in shards)
            versions[shard] = version;
    }

    /// <summary>A server that is to be made again has let go of its shards.</summary>
    public void LetGo(string server) => servers.Remove(server);

    /// <summary>Nobody waits for a lost worker: servers drop what it still sends.</summary>
    public void LoseWorker(string worker) => workers.Remove(worker);
}
