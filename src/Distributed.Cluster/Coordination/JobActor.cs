using System.Security.Cryptography;
using Akka.Actor;
using Distributed.Cluster.Chaos;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Data;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Ledgers;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Succession;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// Coordinates one job from its nodes to its files: Gathering → Regrouping → Training → Saving → Releasing, and back to Regrouping at every
/// change of its members. It is on no step's path: workers and servers go on without it, and it only hears of what they did.
/// </summary>
internal sealed partial class JobActor : ReceiveActor, IWithTimers
{
    /// <summary>How long reports of further failures are awaited before one is named as the cause.</summary>
    private static readonly TimeSpan CauseWindow = TimeSpan.FromSeconds(1);

    /// <summary>The same while all that is known is broken links: always a consequence, of what a loaded machine may be slow to tell.</summary>
    private static readonly TimeSpan LinkCauseWindow = TimeSpan.FromSeconds(5);

    /// <summary>How long members may take to let go of a job that is over.</summary>
    private static readonly TimeSpan ReleaseBound = TimeSpan.FromSeconds(10);

    private readonly NodeContext node;
    private readonly Guid id;
    private readonly Job job;
    private readonly IActorRef submitter;
    private readonly RunFiles files;
    private readonly EventMerger clusterLog;
    private readonly byte[] secret;
    private readonly long started = Environment.TickCount64;
    private readonly List<string> notices = [];
    private readonly List<TrainingMessages.MemberFailed> failures = [];

    private readonly List<WorkerState> workers = [];
    private ServerState[] servers = [];
    private ParameterLayout? layout;
    private TrainingMessages.Connect? connect;
    private SlotSampler? sampler;
    private LearningRateSchedule? learningRates;
    private StepBoard? board;
    private LedgerWriter? ledger;
    private EvaluationBoard? evaluations;
    private Evaluation? evaluation;
    private string phase = "gathering nodes";
    private long phaseSince = Environment.TickCount64;
    private JobStatus status = JobStatus.Failed;
    private string? reason;
    private string? weightsSha256;
    private bool interruptAsked;
    private bool serversAsked;
    private bool failing;

    /// <summary>The nodes that are free for this job, at every change; from the coordinator.</summary>
    public sealed record Available(MembershipMessages.NodeInfo[] Nodes);

    /// <summary>A node is gone.</summary>
    public sealed record NodeGone(string Node, string How);

    private sealed record LayoutReady(ParameterLayout Layout);

    private sealed record Saved(long Version, string WeightsSha256);

    private sealed record WorkFailed(string Name, Exception Cause);

    private sealed record WorkOver(string Name);

    private sealed record Tick
    {
        public static readonly Tick Instance = new();
    }

    private sealed record NameCause
    {
        public static readonly NameCause Instance = new();
    }

    private sealed record ReleaseOver
    {
        public static readonly ReleaseOver Instance = new();
    }

    public JobActor(NodeContext node, Guid id, Job job, RunFiles files, EventMerger clusterLog, IActorRef submitter, Checkpoint? checkpoint,
        IActorRef? keeper, SuccessionMessages.KeptRun? former)
    {
        this.node = node;
        this.id = id;
        this.job = job;
        this.files = files;
        this.clusterLog = clusterLog;
        this.submitter = submitter;
        origin = checkpoint;
        this.keeper = keeper;
        this.former = former;
        agreement = new DataAgreement(node.Name, former is not null);
        inheritance = former is null ? null : new Inheritance(former, node.Name);
        secret = former?.Secret ?? RandomNumberGenerator.GetBytes(32);
        stragglers = new Stragglers(node.Settings.StragglerFactor);
        membership = new Membership(job.MinWorkers, job.MaxWorkers);
        checkpointVersion = FirstVersion;
        TakeOver(files.Earlier);
        if (former is null)
            Become(Gathering);
        else
            BeginTakingOver();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <param name="checkpoint">The one that the job goes on from; null: from its beginning.</param>
    /// <param name="keeper">Keeps for a successor how the job stands; null: there will be none.</param>
    /// <param name="former">How the job stood when its former coordinator was lost; null: it begins.</param>
    public static Props Props(
        NodeContext node, Guid id, Job job, RunFiles files, EventMerger clusterLog, IActorRef submitter, Checkpoint? checkpoint = null,
        IActorRef? keeper = null, SuccessionMessages.KeptRun? former = null) =>
        Akka.Actor.Props.Create(() => new JobActor(node, id, job, files, clusterLog, submitter, checkpoint, keeper, former));

    protected override void PreStart() => Timers.StartPeriodicTimer("tick", Tick.Instance, node.Settings.ProgressInterval);

    protected override void PostStop()
    {
        lookingAtData.Cancel();
        dataSource?.Dispose();
        unwritten?.Dispose();
        spare.Dispose();
        ledger?.Dispose();
        clusterLog.Dispose();
        files.Dispose();
    }

    private void Gathering()
    {
        Receive<Available>(available =>
        {
            Know(available);
            Gather(job.Workers, job.Servers);
        });
        Always();
        Receive<JobMessages.Interrupt>(_ => End(JobStatus.Interrupted, "stopped before it had begun"));
        Receive<Tick>(_ =>
        {
            // Better with fewer workers than not at all.
            if (PhaseLasts(node.Settings.Deadlines.Gather) && !Gather(job.MinWorkers, job.Servers))
                End(JobStatus.Failed, $"waited {node.Settings.Deadlines.Gather.TotalSeconds:F0} s for nodes: {reason}");
            Publish();
        });
    }

    private bool Gather(int leastWorkers, int leastServers)
    {
        var freeWorkers = NodesOf("worker").Count();
        var freeServers = NodesOf("server").Count();
        if (freeWorkers < leastWorkers || freeServers < leastServers)
        {
            reason = $"it needs {job.Workers} workers and {job.Servers} servers; there are {Math.Min(freeWorkers, job.Workers)} and {Math.Min(freeServers, job.Servers)}";
            return false;
        }

        reason = null;
        Enter("preparing");
        Recruit(job.Workers);
        Work("layout", () =>
        {
            using var module = job.Model.Build(job.Seed);
            return new LayoutReady(ParameterLayout.Of(module, job.Precision));
        });
        LookAtData();
        Begin();
        return true;
    }

    private void Training()
    {
        Always();
        Receive<TrainingMessages.WorkerFinished>(finished =>
        {
            if (Leased.FirstOrDefault(candidate => candidate.Node.Name == finished.Node) is not { } worker || finished.Term != term)
                return;
            worker.Finished = true;
            worker.BytesSent = finished.BytesSent;
            if (Leased.All(candidate => candidate.Finished))
                SaveModel();
        });
        Receive<JobMessages.Interrupt>(_ => Interrupt());
        Receive<TrainingMessages.Paused>(paused =>
        {
            // Who held under an earlier term has let go since, and who is held makes no step: an answer that was asked for twice can be late.
            if (askedToHoldAt is null || paused.Term != term || paused.Version < board!.Next)
                return;
            askedToHoldAt = null;
            Read(paused.Version);
        });
        Receive<Tick>(_ =>
        {
            // Each may have the members regroup, or the job end: those after it are for a training that goes on.
            foreach (var watch in (Action[])[
                WatchForSilence, WatchForStall, JoinPrepared, WatchForStragglers, WatchForCheckpoint, WatchForServers, WatchForHold, TellRecorded])
                if (phase == "training")
                    watch();
            Publish();
        });
    }

    private void Saving()
    {
        Always();
        Receive<Tick>(_ => Publish());
    }

    private void Take(Saved saved)
    {
        weightsSha256 = saved.WeightsSha256;
        node.Chaos?.At(ChaosPhase.BeforeEnding, saved.Version);
        node.Log.ModelWritten(saved.Version, files.ModelFile, saved.WeightsSha256);
        modelSaved = true;
        EndOnceWritten();
    }

    /// <summary>Something went wrong: wait a moment for whatever else comes, since consequences can overtake their cause.</summary>
    private void Fail(TrainingMessages.MemberFailed failed)
    {
        failures.Add(failed);
        var onlyLinks = failures.TrueForAll(failure => failure.Rank == TrainingMessages.CauseRank.LinkLost);
        Timers.StartSingleTimer("cause", NameCause.Instance, onlyLinks ? LinkCauseWindow : CauseWindow);
        if (failing)
            return;
        failing = true;
        Enter("failing");
        Become(Failing);
    }

    private void Failing()
    {
        Always();
        Receive<NameCause>(_ =>
        {
            var cause = failures.MinBy(failure => failure.Rank)!;
            var text = cause.Reason.Contains(cause.Node, StringComparison.Ordinal) ? cause.Reason : $"{cause.Node}: {cause.Reason}";
            Release(cause.BadInput ? JobStatus.BadInput : JobStatus.Failed, text);
        });
        Receive<Tick>(_ => Publish());
    }

    /// <summary>The job is over: members let go, and then the summary is whole.</summary>
    private void Release(JobStatus ended, string? why)
    {
        status = ended;
        reason = why;
        Enter("finished");
        Become(Releasing);
        Timers.StartSingleTimer("release", ReleaseOver.Instance, ReleaseBound);
        foreach (var worker in workers.Where(worker => !worker.Released))
            worker.Node.Actor.Tell(new TrainingMessages.Release(id, "worker"));
        ReleaseFurther();
    }

    private void Releasing()
    {
        Receive<TrainingMessages.Released>(released =>
        {
            if (released.Role == "worker" && workers.Find(worker => worker.Node.Name == released.Node) is { } worker)
                worker.Released = true;
            if (released.Role == "server" && Array.Find(servers, server => server.Node.Name == released.Node) is { } server)
            {
                server.Released = true;
                server.BytesSent = released.BytesSent;
            }

            ReleaseFurther();
        });
        Receive<NodeGone>(gone =>
        {
            if (workers.Find(worker => worker.Node.Name == gone.Node) is { } worker)
                worker.Released = true;
            if (Array.Find(servers, server => server.Node.Name == gone.Node) is { } server)
                server.Released = true;
            ReleaseFurther();
        });
        Receive<ReleaseOver>(_ => End(status, reason));
        Receive<CheckpointRead>(read => read.Content?.Dispose());
        // Figures of the last steps before an interruption.
        Receive<ProgressMessages.WorkerReport>(Take);
        // Links end while members let go: what they report of that means nothing any more.
        ReceiveAny(_ => { });
    }

    /// <summary>Servers go after the workers, so that no worker sees its links end first.</summary>
    private void ReleaseFurther()
    {
        if (!workers.All(worker => worker.Released))
            return;
        if (!serversAsked)
            foreach (var server in servers.Where(server => !server.Released))
                server.Node.Actor.Tell(new TrainingMessages.Release(id, "server"));
        serversAsked = true;
        if (servers.All(server => server.Released))
            End(status, reason);
    }
}
