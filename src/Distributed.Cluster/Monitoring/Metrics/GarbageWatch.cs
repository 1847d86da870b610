namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>Finds garbage collections that stopped the process for long, by asking now and then. Not thread-safe.</summary>
internal sealed class GarbageWatch
{
    /// <summary>A shorter pause does not matter beside a step.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromMilliseconds(50);

    private static readonly GCKind[] Kinds = [GCKind.Ephemeral, GCKind.FullBlocking, GCKind.Background];

    private readonly long[] seen = new long[Kinds.Length];
    private TimeSpan total = GC.GetTotalPauseDuration();

    /// <summary>The newest collection of each kind that paused for long, where it is one since the last question.</summary>
    public IEnumerable<(long Index, int Generation, TimeSpan Pause)> Next()
    {
        var now = GC.GetTotalPauseDuration();
        var paused = now - total;
        total = now;
        // Most of the time this is all.
        if (paused <= Long)
            yield break;
        for (var i = 0; i < Kinds.Length; i++)
        {
            var collection = GC.GetGCMemoryInfo(Kinds[i]);
            if (collection.Index == seen[i])
                continue;
            seen[i] = collection.Index;
            var pause = TimeSpan.Zero;
            foreach (var part in collection.PauseDurations)
                pause += part;
            if (pause > Long)
                yield return (collection.Index, collection.Generation, pause);
        }
    }
}
