namespace Distributed.Cluster.ParameterServers;

/// <summary>Links of earlier terms that are closed; what came through them stays in memory for as long as an update reads there.</summary>
/// <param name="freed">Hears of each link whose memory goes, from any thread.</param>
internal sealed class RetiredLinks(Action<PeerLink> freed) : IDisposable
{
    private readonly List<(PeerLink[] Peers, (Shard Shard, long Version)[] Readers)> batches = [];
    private volatile bool any;

    /// <summary>Keeps links until each of <paramref name="readers"/> has made the update that follows a version.</summary>
    public void Add(PeerLink[] peers, (Shard Shard, long Version)[] readers)
    {
        lock (batches)
        {
            batches.Add((peers, readers));
            any = true;
        }

        Free();
    }

    /// <summary>Frees those from which no update reads any more. After every update: where there are none, it costs nothing.</summary>
    public void Free()
    {
        if (!any)
            return;
        PeerLink[] free;
        lock (batches)
        {
            var done = batches.Where(batch => Array.TrueForAll(batch.Readers, reader => reader.Shard.Version > reader.Version)).ToArray();
            free = [.. done.SelectMany(batch => batch.Peers)];
            foreach (var batch in done)
                batches.Remove(batch);
            any = batches.Count > 0;
        }

        if (free.Length == 0)
            return;
        // On a thread of its own: a link's thread may be the one that does an update and calls here.
        new Thread(() =>
        {
            foreach (var peer in free)
            {
                freed(peer);
                peer.Dispose();
            }
        })
        { Name = "links of earlier terms", IsBackground = true }.Start();
    }

    public void Dispose()
    {
        lock (batches)
            foreach (var peer in batches.SelectMany(batch => batch.Peers))
                peer.Dispose();
    }
}
