using System.Security.Cryptography;
using Akka.Actor;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Ledgers;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// Coordinates one job from its nodes to its files: Gathering → Preparing → Training → Saving → Releasing. It is on no step's
/// path: workers and servers go on without it, and it only hears of what they did.
/// </summary>
internal sealed partial class JobActor : ReceiveActor, IWithTimers
{
    /// <summary>How long reports of further failures are awaited before one is named as the cause.</summary>
    private static readonly TimeSpan CauseWindow = TimeSpan.FromSeconds(1);

    /// <summary>The same while all that is known is broken links: always a consequence, of what a loaded machine may be slow to tell.</summary>
    private static readonly TimeSpan LinkCauseWindow = TimeSpan.FromSeconds(5);

    /// <summary>How long members may take to let go of a job that is over.</summary>
    private static readonly TimeSpan ReleaseBound = TimeSpan.FromSeconds(10);

    private const long Term = 1;

    private readonly NodeContext node;
    private readonly Guid id;
    private readonly Job job;
    private readonly IActorRef submitter;
    private readonly RunFiles files;
    private readonly EventMerger clusterLog;
    private readonly byte[] secret = RandomNumberGenerator.GetBytes(32);
    private readonly RunStatistics statistics = new();
    private readonly long started = Environment.TickCount64;
    private readonly List<string> notices = [];
    private readonly List<TrainingMessages.MemberFailed> failures = [];

    private WorkerState[] workers = [];
    private ServerState[] servers = [];
    private ParameterLayout? layout;
    private TrainingMessages.Connect? connect;
    private SlotSampler? sampler;
    private LearningRateSchedule? learningRates;
    private StepBoard? board;
    private LedgerWriter? ledger;
    private EvaluationBoard? evaluations;
    private readonly List<StepRecord> epochSteps = [];
    private StepRecord? lastStep;
    private Evaluation? evaluation;
    private string phase = "gathering nodes";
    private long phaseSince = Environment.TickCount64;
    private JobStatus status = JobStatus.Failed;
    private string? reason;
    private string? weightsSha256;
    private bool interruptAsked;
    private bool serversAsked;

    /// <summary>The nodes that are free for this job, at every change; from the coordinator.</summary>
    public sealed record Available(MembershipMessages.NodeInfo[] Nodes);

    /// <summary>A node is gone.</summary>
    public sealed record NodeGone(string Node, string How);

    private sealed record LayoutReady(ParameterLayout Layout);

    private sealed record Saved(long Version, string WeightsSha256);

    private sealed record WorkFailed(Exception Cause);

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

    public JobActor(NodeContext node, Guid id, Job job, RunFiles files, EventMerger clusterLog, IActorRef submitter, Checkpoint? checkpoint)
    {
        this.node = node;
        this.id = id;
        this.job = job;
        this.files = files;
        this.clusterLog = clusterLog;
        this.submitter = submitter;
        this.checkpoint = checkpoint;
        earlyStopping = job.EarlyStopping is { } spec ? new EarlyStopping(spec) : null;
        plateau = job.Optimizer.Schedule.FollowsEvaluations
            ? new PlateauRate(job.Optimizer.Schedule, job.Optimizer.ScaledRate(job.Batch)) : null;
        history = new RunHistory(files.Earlier.FirstStep);
        checkpointVersion = FirstVersion;
        TakeOver(files.Earlier);
        Become(Gathering);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <param name="checkpoint">The one that the job goes on from; null: from its beginning.</param>
    public static Props Props(
        NodeContext node, Guid id, Job job, RunFiles files, EventMerger clusterLog, IActorRef submitter, Checkpoint? checkpoint = null) =>
        Akka.Actor.Props.Create(() => new JobActor(node, id, job, files, clusterLog, submitter, checkpoint));

    protected override void PreStart() => Timers.StartPeriodicTimer("tick", Tick.Instance, node.Settings.ProgressInterval);

    protected override void PostStop()
    {
        unwritten?.Dispose();
        ledger?.Dispose();
        clusterLog.Dispose();
        files.Dispose();
    }

    private void Gathering()
    {
        Always();
        Receive<Available>(available =>
        {
            var freeWorkers = available.Nodes.Where(candidate => candidate.Roles.Contains("worker")).Take(job.Workers).ToArray();
            var freeServers = available.Nodes.Where(candidate => candidate.Roles.Contains("server")).Take(job.Servers).ToArray();
            if (freeWorkers.Length == job.Workers && freeServers.Length == job.Servers)
                Prepare(freeWorkers, freeServers);
            else
                reason = $"it needs {job.Workers} workers and {job.Servers} servers; there are {freeWorkers.Length} and {freeServers.Length}";
        });
        Receive<JobMessages.Interrupt>(_ => End(JobStatus.Interrupted, "stopped before it had begun"));
        Receive<Tick>(_ =>
        {
            if (PhaseLasts(node.Settings.Deadlines.Gather))
                End(JobStatus.Failed, $"waited {node.Settings.Deadlines.Gather.TotalSeconds:F0} s for nodes: {reason}");
            Publish();
        });
    }

    private void Prepare(MembershipMessages.NodeInfo[] workerNodes, MembershipMessages.NodeInfo[] serverNodes)
    {
        reason = null;
        Enter("preparing");
        workers = [.. SlotLeases.Deal(job.Slots, job.Workers).Zip(workerNodes, (slots, worker) => new WorkerState(worker, slots))];
        servers = [.. serverNodes.Select(server => new ServerState(server, []))];
        foreach (var worker in workers)
        {
            node.Log.SlotsLeased(worker.Node.Name, worker.SlotsText, Term);
            worker.Node.Actor.Tell(new TrainingMessages.Train(id, job.Text, secret, Term, worker.Slots, FirstVersion));
        }

        Work("layout", () =>
        {
            using var module = job.Model.Build(job.Seed);
            return new LayoutReady(ParameterLayout.Of(module, job.Precision));
        });
        Become(Preparing);
    }

    private void Preparing()
    {
        Always();
        Receive<LayoutReady>(ready => PlaceShards(ready.Layout));
        Receive<TrainingMessages.ServerReady>(ready =>
        {
            var server = servers.First(candidate => candidate.Node.Name == ready.Node);
            server.Endpoint = ready.Endpoint;
            node.Log.ServerReady(server.Node.Name, $"{ready.Endpoint.Host}:{ready.Endpoint.Port}");
            if (!servers.All(candidate => candidate.Endpoint is not null))
                return;
            DescribeServers();
            if (checkpoint is null)
                ConnectWorkers();
            else
                Restore();
        });
        Receive<Restored>(restored =>
        {
            bestSha256 = restored.BestSha256;
            node.Log.JobResumed(job.Name, FirstVersion, checkpoint!.Folder);
            ConnectWorkers();
        });
        Receive<TrainingMessages.WorkerReady>(ready =>
        {
            var worker = WorkerOf(ready.Node);
            worker.Ready = true;
            node.Log.WorkerReady(worker.Node.Name, string.Join(", ", ready.Links));
            if (sampler is null)
            {
                sampler = new SlotSampler(ready.TrainingSamples, job.Batch, job.Slots, job.Seed);
                learningRates = job.LearningRates(ready.TrainingSamples);
                evaluations = new EvaluationBoard(ready.TestSamples);
                board = new StepBoard(job.Slots, FirstVersion);
                epochSteps.AddRange(files.Earlier.Steps.Skip((int)(FirstVersion / sampler.StepsPerEpoch) * sampler.StepsPerEpoch));
            }

            try
            {
                ledger ??= new LedgerWriter(files.Folder, FirstVersion, sampler, job.Seed);
            }
            catch (BadInputException exception)
            {
                Fail(MemberFailure.Describe(id, node.Name, exception));
                return;
            }

            if (sampler.Samples != ready.TrainingSamples)
                Fail(new TrainingMessages.MemberFailed(
                    id, worker.Node.Name, TrainingMessages.CauseRank.Own,
                    $"{worker.Node.Name} has {ready.TrainingSamples} training samples, {workers.First(other => other.Ready).Node.Name} has {sampler.Samples}: the nodes' data differ",
                    null, BadInput: true));
            else if (workers.All(candidate => candidate.Ready))
                Train();
        });
        // A fast worker's first reports may overtake a slow one's readiness.
        Receive<ProgressMessages.WorkerReport>(Take);
        Receive<JobMessages.Interrupt>(_ => Release(JobStatus.Interrupted, "stopped before the first step"));
        Receive<Tick>(_ =>
        {
            if (PhaseLasts(node.Settings.Deadlines.Prepare))
                Fail(new TrainingMessages.MemberFailed(
                    id, node.Name, TrainingMessages.CauseRank.TimedOut,
                    $"waited {node.Settings.Deadlines.Prepare.TotalSeconds:F0} s for {string.Join(", ", NotReady())} to be ready", null, BadInput: false));
            Publish();
        });
    }

    private void ConnectWorkers()
    {
        foreach (var worker in workers)
            worker.Node.Actor.Tell(connect!);
        if (servers.Length > 1 && job.Optimizer.NormExchanges > 0)
            foreach (var server in servers)
                server.Node.Actor.Tell(connect!);
    }

    private void Train()
    {
        Enter("training");
        checkpointAt = Environment.TickCount64;
        node.Log.JobStarted(job.Name, layout!.ParameterCount, job.Slots, job.Workers, job.Servers, Steps);
        Become(Training);
    }

    private void Training()
    {
        Always();
        Receive<ProgressMessages.WorkerReport>(Take);
        Receive<TrainingMessages.WorkerFinished>(finished =>
        {
            var worker = WorkerOf(finished.Node);
            worker.Finished = true;
            worker.BytesSent = finished.BytesSent;
            if (workers.All(candidate => candidate.Finished))
                SaveModel();
        });
        Receive<BestSaved>(Take);
        Receive<TrainingMessages.RateSet>(Take);
        Receive<JobMessages.Interrupt>(_ => Interrupt());
        Receive<TrainingMessages.Paused>(paused => Read(paused.Version));
        Receive<CheckpointRead>(Take);
        Receive<CheckpointWritten>(Take);
        Receive<Tick>(_ =>
        {
            WatchForStall();
            WatchForCheckpoint();
            Publish();
        });
    }

    private void Saving()
    {
        Always();
        Receive<ProgressMessages.WorkerReport>(Take);
        Receive<Saved>(saved =>
        {
            weightsSha256 = saved.WeightsSha256;
            node.Log.ModelWritten(saved.Version, files.ModelFile, saved.WeightsSha256);
            modelSaved = true;
            if (writes == 0)
                Release(JobStatus.Completed, null);
        });
        Receive<CheckpointWritten>(Take);
        Receive<Tick>(_ => Publish());
    }

    /// <summary>Something went wrong: wait a moment for whatever else comes, since consequences can overtake their cause.</summary>
    private void Fail(TrainingMessages.MemberFailed failed)
    {
        node.Log.MemberFailed(failed.Node, failed.Rank.ToString(), failed.Reason, failed.Detail ?? "");
        failures.Add(failed);
        var onlyLinks = failures.TrueForAll(failure => failure.Rank == TrainingMessages.CauseRank.LinkLost);
        Timers.StartSingleTimer("cause", NameCause.Instance, onlyLinks ? LinkCauseWindow : CauseWindow);
        if (failures.Count > 1)
            return;
        Enter("failing");
        Become(Failing);
    }

    private void Failing()
    {
        Always();
        Receive<ProgressMessages.WorkerReport>(Take);
        Receive<CheckpointRead>(read => read.Content?.Dispose());
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
            if (released.Role == "worker" && Array.Find(workers, worker => worker.Node.Name == released.Node) is { } worker)
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
            LetGo(gone.Node);
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
