using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Nodes;

/// <summary>
/// Events of this node on their way out: at once to the node's own output, in numbered batches to the cluster log. They are kept until the
/// coordinator has written them and sent again where it says nothing, so that they outlast its moving. Bounded: of too many the oldest are
/// dropped, and their number is reported. Safe to call from several threads.
/// </summary>
/// <param name="output">The node's own output.</param>
/// <param name="holdBack">How long the coordinator holds an event back before it writes it.</param>
/// <param name="clock">Measures the waiting; null for the system's.</param>
internal sealed class EventRelay(EventSink output, TimeSpan holdBack = default, TimeProvider? clock = null)
{
    /// <summary>How often batches leave.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>How long an answer is waited for, beyond what is held back, before everything is sent again that has none.</summary>
    public static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(3);

    /// <summary>Events a batch, so that a message stays far below the control plane's 32 KB.</summary>
    private const int MostInBatch = 40;

    private const int MostKept = 5000;
    private const int LongestField = 4000;

    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly Lock gate = new();

    // An event's number decides its place; [first, next) are kept, [first, sent) have been sent.
    private readonly LogEvent?[] kept = new LogEvent?[MostKept];
    private long first;
    private long sent;
    private long next;
    private long dropped;
    private long askedAt;
    private Action? wake;

    public void Add(LogEvent entry)
    {
        output(entry);
        var brief = entry with { Fields = [.. entry.Fields.Select(Shorten)] };
        Action? woken;
        lock (gate)
        {
            (woken, wake) = (wake, null);
            if (next - first == MostKept)
            {
                first++;
                dropped++;
                sent = Math.Max(sent, first);
            }

            kept[next++ % MostKept] = brief;
        }

        woken?.Invoke();
    }

    /// <summary>Whether nothing is to be sent and no answer is awaited. Where that is so, the next event calls <paramref name="onNext"/>, once.</summary>
    public bool IsIdle(Action onNext)
    {
        lock (gate)
        {
            var idle = first == next && dropped == 0;
            wake = idle ? onNext : null;
            return idle;
        }
    }

    /// <summary>
    /// The next batch, the number of its first event and of the oldest that is kept, and how many events were dropped since the last batch.
    /// </summary>
    public (LogEvent[] Events, long First, long Oldest, long Dropped) Take()
    {
        lock (gate)
        {
            if (sent > first && clock.GetElapsedTime(askedAt) > holdBack + AnswerWithin)
                sent = first;
            if (sent == first)
                askedAt = clock.GetTimestamp();
            var (from, lost) = (sent, dropped);
            dropped = 0;
            var batch = new List<LogEvent>();
            var characters = 0;
            while (batch.Count < MostInBatch && characters < 16_000 && sent < next)
            {
                var entry = kept[sent++ % MostKept]!;
                batch.Add(entry);
                characters += entry.Fields.Sum(field => field.Value.Length);
            }

            return ([.. batch], from, first, lost);
        }
    }

    /// <summary>There is another coordinator: it is sent all that the former one has not answered for.</summary>
    public void SendAgain()
    {
        lock (gate)
            sent = first;
    }

    /// <summary>All events before a number are in the log.</summary>
    public void Taken(long before)
    {
        lock (gate)
        {
            if (before <= first)
                return;
            for (before = Math.Min(before, sent); first < before; first++)
                kept[first % MostKept] = null;
            askedAt = clock.GetTimestamp();
        }
    }

    private static LogField Shorten(LogField field) =>
        field.Value.Length <= LongestField ? field : field with { Value = field.Value[..LongestField] + "…" };
}
