using Distributed.Cluster.Jobs;

namespace Distributed.Cluster.Protocol;

/// <summary>
/// Coordinator ↔ the nodes that may be coordinator after it: what a successor needs lies on all of them. An epoch is the time of one
/// coordinator; whoever has heard of a higher one takes nothing of a lower one any more.
/// </summary>
internal static class SuccessionMessages
{
    /// <summary>What a successor needs of one job. Of two of the same job the one with the higher <paramref name="Change"/> counts.</summary>
    /// <param name="Folder">The run's folder, as a full path: it must be the same on all nodes that may be coordinator.</param>
    /// <param name="Submission">As it was submitted; null once the job has ended.</param>
    /// <param name="Interrupted">Whether somebody wants the job to end with a checkpoint.</param>
    /// <param name="Run">How it stands; null before it has begun.</param>
    public sealed record KeptJob(JobEntry Entry, long Change, string Folder, JobMessages.Submit? Submission, bool Interrupted, KeptRun? Run);

    /// <summary>How a running job stands, kept before each of its terms begins.</summary>
    /// <param name="Coordinator">The node that coordinates it.</param>
    /// <param name="Secret">By which members prove that they are of the job.</param>
    /// <param name="Term">The highest term that may have begun.</param>
    /// <param name="Samples">In the training set; 0 before a worker has said so.</param>
    /// <param name="TestSamples">In the test set.</param>
    /// <param name="Streamed">As <see cref="TrainingMessages.Connect"/> says it.</param>
    /// <param name="Servers">
    /// The nodes that hold the shards, at a version to go on from; none while shards are made, or made again from a checkpoint.
    /// </param>
    /// <param name="Workers">The nodes that work for the job.</param>
    public sealed record KeptRun(
        string Coordinator, byte[] Secret, long Term, int Samples, int TestSamples, bool Streamed, string[] Servers, string[] Workers);

    /// <summary>A coordinator begins. Answered by a <see cref="Recalled"/> for each job and <see cref="Promised"/>, or by <see cref="Superseded"/>.</summary>
    public sealed record Promise(long Epoch, Guid Coordinator) : IControlMessage;

    /// <summary>A job that is kept.</summary>
    public sealed record Recalled(long Epoch, KeptJob Job) : IControlMessage;

    /// <summary>Nothing of lower epochs is taken any more; all that is kept has been told.</summary>
    public sealed record Promised(long Epoch) : IControlMessage;

    /// <summary>Keep this; answered by <see cref="Kept"/>, or by <see cref="Superseded"/>.</summary>
    public sealed record Keep(long Epoch, Guid Coordinator, long Number, KeptJob Job) : IControlMessage;

    /// <summary>It is kept.</summary>
    public sealed record Kept(long Number) : IControlMessage;

    /// <summary>There is a coordinator of a higher epoch.</summary>
    public sealed record Superseded(long Epoch) : IControlMessage;

    /// <summary>Whether the run's folder is seen under this path, too; answered by <see cref="SeenRun"/>.</summary>
    public sealed record SeeRun(Guid Job, string Folder) : IControlMessage;

    /// <summary>Whether a node that may be coordinator sees a run's folder. Repeated until it is asked by another coordinator.</summary>
    public sealed record SeenRun(Guid Job, string Node, bool Seen) : IControlMessage;
}
