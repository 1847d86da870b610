using Distributed.Transport;
using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Monitoring;

/// <summary>
/// Tells of refused connections, each kind once: whoever opens ten thousand of them must not fill the log. A minute's first refusal of an
/// address is told in full, a few of them for different reasons; the rest are counted, and the count is told with the next minute's first.
/// </summary>
internal sealed class RefusalLog(ILogger log, TimeProvider clock)
{
    /// <summary>For how long the same refusal of the same address is only counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private const int MostInWindow = 32;
    private const int MostReasonsOfAnAddress = 4;

    private readonly Lock gate = new();
    private readonly Dictionary<string, HashSet<string>> told = new(StringComparer.Ordinal);
    private long begun = clock.GetTimestamp();
    private int lines;
    private long counted;

    /// <summary>Takes a connection that became no link.</summary>
    public void Add(LinkRefusal refusal) => Add(refusal.From, refusal.Why, refusal.Reason);

    /// <summary>Takes a refused peer.</summary>
    /// <param name="from">Its address; a port behind it does not count.</param>
    /// <param name="why">What makes refusals the same.</param>
    /// <param name="line">What is told.</param>
    public void Add(string from, string why, string line)
    {
        if (IsToBeTold(from, why))
            log.LinkRefused(line);
    }

    /// <summary>Whether a refusal is the first of its kind in this minute; tells of those that were only counted before.</summary>
    public bool IsToBeTold(string from, string why)
    {
        long others = 0;
        lock (gate)
        {
            if (clock.GetElapsedTime(begun) >= Window)
            {
                others = counted;
                told.Clear();
                (begun, lines, counted) = (clock.GetTimestamp(), 0, 0);
            }

            if (!IsNew(HostOf(from), why))
            {
                counted++;
                return false;
            }
        }

        if (others > 0)
            log.RefusalsCounted(others);
        return true;
    }

    private bool IsNew(string host, string why)
    {
        if (lines >= MostInWindow)
            return false;
        if (!told.TryGetValue(host, out var reasons))
            told.Add(host, reasons = new HashSet<string>(StringComparer.Ordinal));
        if (reasons.Count >= MostReasonsOfAnAddress || !reasons.Add(why))
            return false;
        lines++;
        return true;
    }

    private static string HostOf(string from) => from.LastIndexOf(':') is > 0 and var colon ? from[..colon] : from;
}
