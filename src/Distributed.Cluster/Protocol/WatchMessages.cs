using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Protocol;

/// <summary>Whoever watches a cluster from outside ↔ its coordinator. Every question has one answer; nothing is kept of who asked.</summary>
internal static class WatchMessages
{
    /// <summary>Asks for the jobs; answered by <see cref="Jobs"/>.</summary>
    public sealed record ListJobs : IControlMessage;

    /// <summary>Ended, running and waiting jobs, in this order.</summary>
    public sealed record Jobs(JobEntry[] Entries) : IControlMessage;

    /// <summary>Asks that a job end: <paramref name="Job"/> is the beginning of its id, or its name. Answered by <see cref="Answer"/>.</summary>
    public sealed record Cancel(string Job) : IControlMessage;

    /// <summary>Whether it was done, and a line that says what.</summary>
    public sealed record Answer(bool Done, string Line) : IControlMessage;

    /// <summary>
    /// Asks how the cluster and a job stand; answered by <see cref="Status"/> or, where there is no such job, <see cref="Answer"/>.
    /// <paramref name="Job"/> as in <see cref="Cancel"/>; null: the one that runs, else the one that ended last, if any.
    /// </summary>
    public sealed record AskStatus(string? Job) : IControlMessage;

    /// <summary>How the cluster stands.</summary>
    public sealed record Status(ClusterStatus Cluster) : IControlMessage;

    /// <summary>
    /// Asks for lines of a job's log from a place on; answered by <see cref="Log"/> or, where there is no such job, <see cref="Answer"/>.
    /// <paramref name="Job"/> as in <see cref="Cancel"/>; null: the one that runs, else the one that ended last.
    /// </summary>
    public sealed record ReadLog(string? Job, int Part, long Offset) : IControlMessage;

    /// <summary>
    /// Lines of the log of <paramref name="Job"/>, where the next one begins, and whether there are none for now. <paramref name="Over"/>:
    /// nor will there be any.
    /// </summary>
    public sealed record Log(Guid Job, string[] Lines, int Part, long Offset, bool AtEnd, bool Over) : IControlMessage;
}
