using System.Collections.Concurrent;
using Akka.Actor;
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

    private readonly NodeContext node;
    private readonly TrainingMessages.Train order;
    private readonly IActorRef job;
    private readonly ConcurrentQueue<ProgressMessages.StepReport> steps = new();
    private readonly ConcurrentQueue<ProgressMessages.EvaluationReport> evaluations = new();
    private WorkerSession? session;
    private volatile string phase = "starting";
    private long step;
    private bool released;

    private sealed record Ready(string[] Links, int TrainingSamples, int TestSamples);

    private sealed record Held(long Version);

    private sealed record Finished(long BytesSent);

    private sealed record Broke(Exception Cause);

    private sealed record Flush
    {
        public static readonly Flush Instance = new();
    }

    public WorkerActor(NodeContext node, TrainingMessages.Train order, IActorRef job)
    {
        this.node = node;
        this.order = order;
        this.job = job;
        step = order.FirstStep;
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
                    (links, training, test) => self.Tell(new Ready(links, training, test)),
                    now => phase = now,
                    report =>
                    {
                        steps.Enqueue(report);
                        node.Meters.Step(report);
                        Volatile.Write(ref step, report.Step + 1);
                    },
                    evaluations.Enqueue,
                    () => self.Tell(Flush.Instance),
                    bytes => self.Tell(new Finished(bytes)),
                    cause => self.Tell(new Broke(cause)),
                    line => node.Log.DataNoticed(line)));
            session.Start();
        }
        catch (BadInputException exception)
        {
            self.Tell(new Broke(exception));
        }

        Timers.StartPeriodicTimer("flush", Flush.Instance, node.Settings.ProgressInterval);
    }

    protected override void PostStop()
    {
        session?.Dispose();
        // Only now: who is told may give this node its next job at once.
        if (released)
            job.Tell(new TrainingMessages.Released(order.Job, node.Name, "worker", 0));
    }

    private void Working()
    {
        Receive<TrainingMessages.Connect>(connect => session?.Connect(connect));
        Receive<Ready>(ready => job.Tell(new TrainingMessages.WorkerReady(order.Job, node.Name, ready.Links, ready.TrainingSamples, ready.TestSamples)));
        Receive<Flush>(_ => Report());
        Receive<TrainingMessages.Pause>(_ =>
        {
            var self = Self;
            session?.Boundary.Hold(version => self.Tell(new Held(version)));
        });
        Receive<TrainingMessages.BePatient>(wait => session?.BePatient(wait.Within));
        Receive<TrainingMessages.Continue>(_ => session?.Boundary.Continue());
        Receive<TrainingMessages.Decided>(decided => session?.Boundary.Decide(decided.Version, decided.Stop));
        Receive<Held>(held =>
        {
            Report();
            job.Tell(new TrainingMessages.Paused(order.Job, held.Version));
        });
        Receive<Finished>(finished =>
        {
            Report();
            job.Tell(new TrainingMessages.WorkerFinished(order.Job, node.Name, finished.BytesSent));
        });
        Receive<Broke>(broke =>
        {
            Report();
            job.Tell(MemberFailure.Describe(order.Job, node.Name, broke.Cause));
        });
        Receive<TrainingMessages.Release>(_ =>
        {
            Report();
            released = true;
            Context.Stop(Self);
        });
    }

    /// <summary>All workers read the same data: one of them tells what was wrong with it.</summary>
    private void Tell(DataNotes notes)
    {
        if (notes.SkippedRows > 0 && order.Slots.Contains(0))
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
