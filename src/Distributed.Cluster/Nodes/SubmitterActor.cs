using Akka.Actor;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Security;

namespace Distributed.Cluster.Nodes;

/// <summary>The submitter's side of one job: passes progress on and completes the outcome.</summary>
internal sealed class SubmitterActor : ReceiveActor, IWithTimers
{
    /// <summary>Progress comes several times a second; so long without any word means that the coordinator is gone.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    /// <summary>So long without any word may mean that the coordinator holds this process for gone.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<JobOutcome> outcome;
    private Guid job;
    private string? folder;
    private bool interrupted;
    private long heardAt = Environment.TickCount64;

    private sealed record Look
    {
        public static readonly Look Instance = new();
    }

    /// <summary>The user wants the job to end with a checkpoint.</summary>
    public sealed record Interrupt
    {
        public static readonly Interrupt Instance = new();
    }

    public SubmitterActor(
        ICanTell gateway, string jobName, string jobText, string? outFolder, Action<RunProgress> progress, TaskCompletionSource<JobOutcome> outcome,
        string? checkpoint, Action<Guid, string>? taken, bool detached, Credentials? credentials, bool here)
    {
        this.outcome = outcome;
        Receive<JobMessages.Accepted>(accepted =>
        {
            heardAt = Environment.TickCount64;
            job = accepted.Job;
            folder = accepted.OutFolder;
            taken?.Invoke(job, folder);
            if (interrupted)
                gateway.Tell(new JobMessages.Interrupt(job), Self);
        });
        Receive<JobMessages.Rejected>(rejected => End(new JobOutcome(JobStatus.BadInput, rejected.Reason, null, null)));
        Receive<JobMessages.Progress>(update =>
        {
            heardAt = Environment.TickCount64;
            try
            {
                progress(update.Snapshot);
            }
            catch (Exception exception)
            {
                // The fault of whoever watches (a closed terminal, say) goes back to it; a restart would submit the job again.
                outcome.TrySetException(exception);
                Context.Stop(Self);
            }
        });
        Receive<JobMessages.Ended>(ended => End(new JobOutcome(ended.Status, ended.Reason, ended.OutFolder, ended.Summary)));
        Receive<Interrupt>(_ =>
        {
            interrupted = true;
            if (job != Guid.Empty)
                gateway.Tell(new JobMessages.Interrupt(job), Self);
        });
        Receive<Look>(_ =>
        {
            var quiet = Environment.TickCount64 - heardAt;
            if (quiet > Silence.TotalMilliseconds)
                End(new JobOutcome(JobStatus.Failed, $"no word from the coordinator for {Silence.TotalSeconds:F0} s", folder, null));
            else if (quiet > Quiet.TotalMilliseconds && job != Guid.Empty)
                gateway.Tell(new JobMessages.Follow(job), Self);
        });
        var submission = new JobMessages.Submit(jobName, jobText, outFolder, Self, checkpoint, detached);
        gateway.Tell(
            here ? new JobMessages.SubmitHere(submission) : submission with { Credential = credentials?.Sign(Statements.Submits(submission)) }, Self);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(
        ICanTell gateway, string jobName, string jobText, string? outFolder, Action<RunProgress> progress, TaskCompletionSource<JobOutcome> outcome,
        string? checkpoint = null, Action<Guid, string>? taken = null, bool detached = false, Credentials? credentials = null, bool here = false) =>
        Akka.Actor.Props.Create(() => new SubmitterActor(gateway, jobName, jobText, outFolder, progress, outcome, checkpoint, taken, detached, credentials, here));

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Look), Look.Instance, Quiet / 2);

    protected override void PostStop() => outcome.TrySetResult(new JobOutcome(JobStatus.Failed, "this process left the cluster", folder, null));

    private void End(JobOutcome result)
    {
        outcome.TrySetResult(result);
        Context.Stop(Self);
    }
}
