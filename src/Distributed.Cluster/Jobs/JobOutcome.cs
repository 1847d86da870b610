using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Jobs;

/// <summary>How a job ended.</summary>
internal enum JobStatus
{
    /// <summary>Every epoch was trained.</summary>
    Completed,

    /// <summary>It was asked to stop and wrote a checkpoint.</summary>
    Interrupted,

    /// <summary>It could not go on.</summary>
    Failed,

    /// <summary>A node could not use what the job names (a data file, say): bad input, met before training.</summary>
    BadInput,
}

/// <summary>The end of a job, as its submitter sees it.</summary>
internal sealed record JobOutcome(JobStatus Status, string? Reason, string? OutFolder, RunSummary? Summary);
