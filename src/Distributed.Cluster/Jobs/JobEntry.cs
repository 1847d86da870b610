namespace Distributed.Cluster.Jobs;

/// <summary>A job of a cluster's queue or history.</summary>
/// <param name="Workers">How many workers it asks for.</param>
/// <param name="Servers">How many servers it asks for.</param>
/// <param name="Folder">Its run's folder, on the coordinator's machine.</param>
/// <param name="Started">When its turn came; null while it waits, and where it never came.</param>
/// <param name="Ended">When it ended; null while it waits or runs.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why it ended so, where there is something to say.</param>
internal sealed record JobEntry(
    Guid Id, string Name, int Workers, int Servers, string Folder, DateTimeOffset Submitted, DateTimeOffset? Started = null,
    DateTimeOffset? Ended = null, JobStatus? Outcome = null, string? Reason = null, string? WeightsSha256 = null)
{
    /// <summary>What people call it by: the beginning of its id.</summary>
    public string ShortId => Id.ToString("N")[..8];

    /// <summary>waiting, running, completed, interrupted, failed or bad input.</summary>
    public string State => Outcome switch
    {
        JobStatus.BadInput => "bad input",
        { } outcome => outcome.ToString().ToLowerInvariant(),
        null => Started is null ? "waiting" : "running",
    };
}
