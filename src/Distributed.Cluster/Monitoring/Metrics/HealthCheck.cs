namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>Whether a node is alive, and whether it can be given work: what whoever started it may ask.</summary>
/// <param name="meters">Knows when the node's actor last ran, and when the coordinator last knew it.</param>
/// <param name="clock">Milliseconds as of <see cref="Environment.TickCount64"/>; null for these.</param>
internal sealed class HealthCheck(NodeMeters meters, Func<long>? clock = null)
{
    /// <summary>The node's actor runs every second; a machine whose cores all compute may keep it waiting, but not for so long.</summary>
    private const long StuckMilliseconds = 60_000;

    /// <summary>The coordinator is asked every second; it may move meanwhile.</summary>
    private const long ForgottenMilliseconds = 30_000;

    private readonly Func<long> clock = clock ?? (() => Environment.TickCount64);

    /// <summary>Null for a node that is alive; else what is wrong. Who asks should start it anew.</summary>
    public string? NotLive()
    {
        var silent = clock() - meters.RanAt;
        return silent > StuckMilliseconds ? $"the node's actor has not run for {silent / 1000} s" : null;
    }

    /// <summary>Null for a node that is a member of a cluster whose coordinator knows it; else what is missing.</summary>
    public string? NotReady()
    {
        if (NotLive() is { } dead)
            return dead;
        if (meters.KnownAt is not { } known)
            return "no coordinator knows the node yet";
        var silent = clock() - known;
        return silent > ForgottenMilliseconds ? $"the coordinator has not answered for {silent / 1000} s" : null;
    }
}
