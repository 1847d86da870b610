using Akka.Actor;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Security;

namespace Distributed.Cluster.Protocol;

/// <summary>Submitter ↔ coordinator: a job from its submission to its end.</summary>
internal static class JobMessages
{
    /// <summary>
    /// Runs a job. <paramref name="JobText"/> is the resolved job file. <paramref name="OutFolder"/> names the run's folder on the
    /// coordinator's machine; null lets the coordinator choose one under its runs folder. <paramref name="Checkpoint"/> is the folder,
    /// there, of the checkpoint that the run goes on from; null: it begins. Where <paramref name="Detached"/>, the submitter hears only
    /// whether the job was taken. A job outlives its submitter in any case. From elsewhere both folders must lie below the coordinator's
    /// runs folder, and with TLS the message is signed by a certificate of a client or coordinator.
    /// </summary>
    public sealed record Submit(
        string JobName, string JobText, string? OutFolder, IActorRef Submitter, string? Checkpoint = null, bool Detached = false,
        Credential? Credential = null) : IControlMessage;

    /// <summary>The same from the coordinator's own process, whose user may name any folder. It is no control message: it cannot travel.</summary>
    public sealed record SubmitHere(Submit Job);

    /// <summary>The coordinator has taken the job.</summary>
    public sealed record Accepted(Guid Job, string OutFolder) : IControlMessage;

    /// <summary>The coordinator will not run the job; <paramref name="Reason"/> is one line.</summary>
    public sealed record Rejected(string Reason) : IControlMessage;

    /// <summary>How the job stands, a few times a second.</summary>
    public sealed record Progress(Guid Job, RunProgress Snapshot) : IControlMessage;

    /// <summary>Whoever submitted the job has not heard of it for a while: the coordinator may have taken it for lost. It is told of it again.</summary>
    public sealed record Follow(Guid Job) : IControlMessage;

    /// <summary>Asks for a checkpoint and the end of the job.</summary>
    public sealed record Interrupt(Guid Job) : IControlMessage;

    /// <summary>
    /// Asks for a checkpoint and the end of a job, whoever submitted it; repeated until it has ended. <paramref name="Job"/>: the empty id is
    /// the one that runs. Answered by <see cref="Stopping"/>, or <see cref="Rejected"/> where no job runs.
    /// </summary>
    public sealed record Stop(Guid Job, IActorRef Stopper) : IControlMessage;

    /// <summary>The job was asked to end; <see cref="Stopped"/> follows when it has.</summary>
    public sealed record Stopping(Guid Job, string JobName) : IControlMessage;

    /// <summary>The job is over, and its files are whole; the folder is on the coordinator's machine.</summary>
    public sealed record Stopped(string JobName, string OutFolder) : IControlMessage;

    /// <summary>The last message of a job.</summary>
    public sealed record Ended(Guid Job, JobStatus Status, string? Reason, string OutFolder, RunSummary? Summary) : IControlMessage;
}
