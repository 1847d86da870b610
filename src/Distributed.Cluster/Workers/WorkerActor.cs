using System.Collections.Concurrent;
using Akka.Actor;
using Distributed.Cluster.Data;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Workers;

/// <summary>
/// A worker's part in one job: starts its session, passes on what the job's coordinator decides, and reports what the session
/// computed a few times a second.
/// </summary>
internal sealed class WorkerActor : ReceiveActor, IWithTimers
{
    /// <summary>Slots a report, so that a message stays far below the control plane's 32 KB.</summary>
    private const int SlotsPerReport = 200;

    /// <summary>Evaluation blocks a report, for the same reason: a block with its cells or scores takes up to 4 KB.</summary>
    private const int BlocksPerReport = 6;

    /// <summary>How long the actor's end waits for that of its thread.</summary>
    private static readonly TimeSpan JoinBound = TimeSpan.FromSeconds(3);

    /// <summary>How often at most the log says how much of the data has come.</summary>
    private static readonly TimeSpan ReceivingEvery = TimeSpan.FromSeconds(10);

    private readonly NodeContext node;
    private readonly TrainingMessages.Train order;
    private volatile IActorRef job;
    private readonly ConcurrentQueue<ProgressMessages.StepReport> steps = new();
    private readonly ConcurrentQueue<ProgressMessages.EvaluationReport> evaluations = new();
    private WorkerSession? session;
    private volatile string phase = "starting";
    private long step;
    private TrainingMessages.WorkerPrepared? prepared;
    private volatile DataSource? data;
    private volatile DataMessages.Summary? has;
    private bool released;

    private sealed record Prepared(int TrainingSamples, int TestSamples);

    private sealed record Ready(long Term, string[] Links);

    private sealed record Held(long Term, long Version);

    private sealed record Quiet(long Term);

    private sealed record Finished(long Term, long BytesSent);

    private sealed record Broke(long Term, Exception Cause, bool CanGoOn);

    private sealed record Flush
    {
        public static readonly Flush Instance = new();
    }

    public WorkerActor(NodeContext node, TrainingMessages.Train order, IActorRef job)
    {
        this.node = node;
        this.order = order;
        this.job = job;
        Become(Working);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(NodeContext node, TrainingMessages.Train order, IActorRef job) =>
        Akka.Actor.Props.Create(() => new WorkerActor(node, order, job));

    protected override void PreStart()
    {
        var self = Self;
        try
        {
            session = new WorkerSession(
                Job.Parse("job", order.JobText, new JobOverrides()), order, node.Name, node.DataFolder, node.Cores, node.Settings.Deadlines,
                new WorkerSessionEvents(
                    Tell,
                    (training, test) => self.Tell(new Prepared(training, test)),
                    (term, links) => self.Tell(new Ready(term, links)),
                    now => phase = now,
                    report =>
                    {
                        steps.Enqueue(report);
                        node.Meters.Step(report);
                        Volatile.Write(ref step, report.Step + 1);
                    },
                    evaluations.Enqueue,
                    () => self.Tell(Flush.Instance),
                    term => self.Tell(new Quiet(term)),
                    (term, bytes) => self.Tell(new Finished(term, bytes)),
                    (term, cause, canGoOn) => self.Tell(new Broke(term, cause, canGoOn)),
                    line => node.Log.DataNoticed(line)),
                node.Chaos,
                node.LinkTls,
                CheckData);
            session.Start();
        }
        catch (BadInputException exception)
        {
            self.Tell(new Broke(0, exception, false));
        }

        Timers.StartPeriodicTimer("flush", Flush.Instance, node.Settings.ProgressInterval);
    }

    protected override void PostStop()
    {
        // Who is told that this node has let go may give it its next job at once.
        Action letGo = released ? () => job.Tell(new TrainingMessages.Released(order.Job, node.Name, "worker", 0)) : () => { };
        session?.Release();
        data?.Dispose();
        if (session is null || session.Join(JoinBound))
            letGo();
        else
            // A slot that takes long, or data that are being loaded: no dispatcher's thread waits for that.
            new Thread(() =>
            {
                session.Join(Timeout.InfiniteTimeSpan);
                letGo();
            })
            { Name = "worker end", IsBackground = true }.Start();
    }

    private void Working()
    {
        Receive<Prepared>(data =>
        {
            prepared = new TrainingMessages.WorkerPrepared(order.Job, node.Name, data.TrainingSamples, data.TestSamples);
            job.Tell(prepared);
        });
        Receive<TrainingMessages.Adopt>(_ =>
        {
            job = Sender;
            if (has is not null)
                job.Tell(new DataMessages.Compare(order.Job, node.Name, has, null, Agreed: prepared is not null));
            job.Tell(new TrainingMessages.WorkerHere(order.Job, node.Name, prepared is not null));
        });
        Receive<DataMessages.ListFiles>(list => Give(list, list.Asker));
        Receive<DataMessages.ReadChunk>(read => Give(read, read.Asker));
        Receive<TrainingMessages.Lease>(lease =>
        {
            Volatile.Write(ref step, lease.FirstStep);
            session?.Give(lease);
        });
        Receive<TrainingMessages.Halt>(halt => session?.Halt(halt.Term));
        Receive<Quiet>(quiet =>
        {
            Report();
            job.Tell(new TrainingMessages.Halted(order.Job, node.Name, quiet.Term));
        });
        Receive<Ready>(ready => job.Tell(new TrainingMessages.WorkerReady(order.Job, node.Name, ready.Term, ready.Links)));
        Receive<Flush>(_ =>
        {
            Report();
            // Said again while nothing follows from it: what is under way when a connection breaks is lost.
            if (prepared is not null && session?.Turn is null)
                job.Tell(prepared);
        });
        Receive<TrainingMessages.Pause>(_ =>
        {
            var self = Self;
            if (session?.Turn is { } turn)
                turn.Boundary.Hold(version => self.Tell(new Held(turn.Term, version)));
        });
        Receive<TrainingMessages.BePatient>(wait => session?.BePatient(wait.Within));
        Receive<TrainingMessages.Continue>(_ => session?.Turn?.Boundary.Continue());
        Receive<TrainingMessages.Decided>(decided => session?.Turn?.Boundary.Decide(decided.Version, decided.Stop));
        Receive<Held>(held =>
        {
            Report();
            job.Tell(new TrainingMessages.Paused(order.Job, node.Name, held.Term, held.Version));
        });
        Receive<Finished>(finished =>
        {
            Report();
            job.Tell(new TrainingMessages.WorkerFinished(order.Job, node.Name, finished.Term, finished.BytesSent));
        });
        Receive<Broke>(broke =>
        {
            Report();
            job.Tell(MemberFailure.Describe(order.Job, node.Name, broke.Cause, broke.Term, broke.CanGoOn));
        });
        Receive<TrainingMessages.Release>(_ =>
        {
            Report();
            released = true;
            Context.Stop(Self);
        });
    }

    /// <summary>On the session's thread.</summary>
    private void CheckData(CancellationToken cancellation)
    {
        var peer = new JobDataPeer(order.Job, node.Name, () => job, cancellation);
        var toldAt = long.MinValue / 2;
        var check = new DataCheck(Job.Parse("job", order.JobText, new JobOverrides()).Data, node.DataFolder, node.FetchesData, peer, new DataCheckEvents(
            now => phase = now,
            (done, all) =>
            {
                if (Environment.TickCount64 - toldAt < ReceivingEvery.TotalMilliseconds)
                    return;
                toldAt = Environment.TickCount64;
                node.Log.DataReceiving(node.Name, done, all);
            },
            (files, bytes, seconds) => node.Log.DataReceived(node.Name, files, bytes, Math.Round(seconds, 1))));
        if (check.Run(cancellation) is not { } manifest)
            return;
        has = DataCheck.Summary(manifest);
        data = new DataSource(order.Job, manifest, node.DataFolder);
        if (cancellation.IsCancellationRequested)
            data.Dispose();
    }

    /// <summary>Another node of the job wants files that this one has.</summary>
    private void Give(object question, IActorRef? asker)
    {
        if (data is { } source && asker is not null)
            source.Ask(question, answer => asker.Tell(answer, ActorRefs.NoSender));
    }

    /// <summary>All workers read the same data: one of them tells what was wrong with it.</summary>
    private void Tell(DataNotes notes)
    {
        if (notes.SkippedRows > 0 && order.TellsOfData)
            node.Log.RowsSkipped(notes.SkippedRows, notes.FirstSkippedRow ?? "unknown");
    }

    private void Report()
    {
        do
        {
            var batch = new List<ProgressMessages.StepReport>();
            for (var slots = 0; slots < SlotsPerReport && steps.TryDequeue(out var report); slots += report.Slots.Length)
                batch.Add(report);
            var blocks = new List<ProgressMessages.EvaluationReport>();
            while (blocks.Count < BlocksPerReport && evaluations.TryDequeue(out var block))
                blocks.Add(block);
            job.Tell(new ProgressMessages.WorkerReport(order.Job, node.Name, Volatile.Read(ref step), phase, [.. batch], [.. blocks]));
        }
        while (!steps.IsEmpty || !evaluations.IsEmpty);
    }
}
