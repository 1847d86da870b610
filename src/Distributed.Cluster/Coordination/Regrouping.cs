namespace Distributed.Cluster.Coordination;

/// <summary>
/// What one raising of the term waits for before training can go on, and where it goes on: every worker that had slots does nothing for lower
/// terms any more, and every shard has said where it stands.
/// </summary>
/// <remarks>
/// Workers start step t+1 only with version t+1 of every shard, so at any moment all shards stand at v or v+1 for one v. Training goes on at v:
/// a shard that is at v+1 still has v in its other buffer, and drops what it is sent of v again. But shards answer at different moments. One
/// that answered at v with its update due may have made it, and workers that had not stopped yet may then have taken another shard, not fenced
/// yet, on to v+2. That other shard's answer (at v+2, or at v+1 with its update due) is the proof that the first is at v+1 by now; without such
/// a proof nobody is beyond v+1, and v is held everywhere. Workers wait for every home of every shard, so a backup is one more shard here; and
/// what holds of all homes holds of those that are left when a server is lost.
/// </remarks>
internal sealed class Regrouping(long term, IEnumerable<string> workers, IEnumerable<string> servers)
{
    private readonly HashSet<string> workers = [.. workers];
    private readonly HashSet<string> servers = [.. servers];
    private readonly Dictionary<(string Server, int Shard), (long Version, bool Due)> stands = [];

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
            var furthest = stands.Values.Max(stand => stand.Version + (stand.Due ? 1 : 0));
            var least = stands.Values.Min(stand => stand.Due ? Math.Max(stand.Version, Math.Min(stand.Version + 1, furthest - 1)) : stand.Version);
            return furthest - least <= 1
                ? least
                : throw new InvalidOperationException(
                    $"the shards stand at versions {string.Join(", ", stands.OrderBy(known => known.Key).Select(known => $"{known.Key.Shard} ({known.Key.Server}): {known.Value.Version}{(known.Value.Due ? "+" : "")}"))}");
        }
    }

    /// <summary>A worker has stopped.</summary>
    public void Halted(string worker, long under)
    {
        if (under == term)
            workers.Remove(worker);
    }

    /// <summary>A server takes nothing of lower terms any more; its shards stand at these versions, some with their next update due.</summary>
    public void Fenced(string server, long under, IEnumerable<(int Shard, long Version, bool Due)> shards)
    {
        if (under != term || !servers.Remove(server))
            return;
        foreach (var (shard, version, due) in shards)
            stands[(server, shard)] = (version, due);
    }

    /// <summary>A server that is to be made again has let go of its shards.</summary>
    public void LetGo(string server) => servers.Remove(server);

    /// <summary>Nobody waits for a lost worker: servers drop what it still sends.</summary>
    public void LoseWorker(string worker) => workers.Remove(worker);
}
