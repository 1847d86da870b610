using System.Collections.Concurrent;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Nodes;

/// <summary>
/// Events of this node on their way out: at once to the node's own output, in batches to the cluster log. Bounded: while no
/// coordinator takes them the oldest are dropped, and their number is reported.
/// </summary>
internal sealed class EventRelay(EventSink output)
{
    /// <summary>How often batches leave.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Events a batch, so that a message stays far below the control plane's 32 KB.</summary>
    private const int MostInBatch = 40;

    private const int MostKept = 5000;
    private const int LongestField = 4000;

    private readonly ConcurrentQueue<LogEvent> queue = new();
    private long dropped;

    public void Add(LogEvent entry)
    {
        output(entry);
        queue.Enqueue(entry with { Fields = [.. entry.Fields.Select(Shorten)] });
        while (queue.Count > MostKept && queue.TryDequeue(out _))
            Interlocked.Increment(ref dropped);
    }

    /// <summary>The next batch and how many events were dropped before it.</summary>
    public (LogEvent[] Events, long Dropped) Take()
    {
        var batch = new List<LogEvent>();
        var characters = 0;
        while (batch.Count < MostInBatch && characters < 16_000 && queue.TryDequeue(out var entry))
        {
            batch.Add(entry);
            characters += entry.Fields.Sum(field => field.Value.Length);
        }

        return ([.. batch], Interlocked.Exchange(ref dropped, 0));
    }

    private static LogField Shorten(LogField field) =>
        field.Value.Length <= LongestField ? field : field with { Value = field.Value[..LongestField] + "…" };
}
