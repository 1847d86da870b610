using System.Diagnostics;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>What a node knows of its own load. Asking is cheap; nothing is counted on a step's way for it.</summary>
/// <param name="node">The node's name.</param>
internal sealed class NodeMeters(string node)
{
    private long askedAt = Stopwatch.GetTimestamp();
    private TimeSpan processor = Environment.CpuUsage.TotalTime;
    private volatile Func<ServerFigures>? server;

    /// <summary>The figures of this node's server; null while it has no part in a job.</summary>
    public ServerFigures? Server => server?.Invoke();

    /// <summary>A server's part in a job begins.</summary>
    /// <param name="figures">Says how it stands; from any thread, until <see cref="Stop"/>.</param>
    public void Serve(Func<ServerFigures> figures) => server = figures;

    /// <summary>A server's part in a job is over.</summary>
    public void Stop(Func<ServerFigures> figures) => Interlocked.CompareExchange(ref server, null, figures);

    /// <summary>How the node is; the processor's time is that since the last question.</summary>
    public MembershipMessages.Vitals Vitals()
    {
        var (now, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var busy = (used - processor) / Stopwatch.GetElapsedTime(askedAt, now);
        (askedAt, processor) = (now, used);
        return new MembershipMessages.Vitals(node, Environment.WorkingSet, Math.Round(double.IsFinite(busy) ? busy : 0, 2), Server);
    }
}
