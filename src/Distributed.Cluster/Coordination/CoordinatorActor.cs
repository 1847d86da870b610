using Akka.Actor;
using Akka.Cluster;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Logs;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Security;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// The cluster's singleton: knows the nodes, takes jobs one after another, merges everybody's events into the running job's
/// cluster log. A job itself is coordinated by a <see cref="JobActor"/> below it.
/// </summary>
internal sealed partial class CoordinatorActor : ReceiveActor, IWithTimers, IWithUnboundedStash
{
    /// <summary>Events kept for the log of a job that has not begun yet.</summary>
    private const int EventsKept = 2000;

    /// <summary>Refused nodes that are told of.</summary>
    private const int MostRefused = 1000;

    private static readonly TimeSpan StatusEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(10);

    private readonly NodeContext node;
    private readonly Dictionary<string, MembershipMessages.NodeInfo> nodes = [];
    private readonly JobQueue<JobMessages.Submit> queue;
    private readonly EventIntake intake = new();

    /// <summary>The submitters that follow their jobs; who has gone is told nothing more.</summary>
    private readonly Dictionary<Guid, IActorRef> followers = [];
    private readonly StatusBoard board = new();
    private readonly Queue<LogEvent> recent = new();
    private readonly HashSet<(string Name, string Address)> refused = [];
    private readonly HashSet<string> leaving = [];
    private readonly HashSet<IActorRef> stoppers = [];
    private Running? running;

    /// <summary>What a former coordinator has written, and may not have answered for.</summary>
    private LoggedLines? alreadyLogged;

    /// <summary>The place behind the last event that the running job's log was given.</summary>
    private long written;
    private bool closing;

    public CoordinatorActor(NodeContext node)
    {
        this.node = node;
        queue = new JobQueue<JobMessages.Submit>(Earlier());
        Become(Recovering);
    }

    private void Leading()
    {
        Succeeding();
        Receive<MembershipMessages.Register>(Register);
        Receive<MembershipMessages.ProcessEnded>(ended =>
        {
            // This is certain, unlike silence; and while the cluster holds a member for unreachable, it lets nobody in.
            if (nodes.TryGetValue(ended.Node, out var known))
                Akka.Cluster.Cluster.Get(Context.System).Down(Address.Parse(known.Address));
            Lose(ended.Node, ended.How);
        });
        Receive<Terminated>(terminated =>
        {
            foreach (var (job, _) in followers.Where(follower => follower.Value.Equals(terminated.ActorRef)).ToArray())
                followers.Remove(job);
            LoseActor(terminated.ActorRef, "it does not answer any more");
        });
        Receive<ClusterEvent.IMemberEvent>(changed =>
        {
            node.Log.MemberChanged(changed.Member.Address.ToString(), changed.Member.Status.ToString());
            Others();
            if (changed is ClusterEvent.MemberRemoved)
                foreach (var gone in nodes.Values.Where(info => info.Address == changed.Member.Address.ToString()).ToArray())
                    Lose(gone.Name, "it left the cluster");
        });
        Receive<MembershipMessages.NodeEvents>(events =>
        {
            foreach (var entry in events.Events.Skip(intake.Known(Sender, events.First, events.Events.Length, events.Oldest)))
                Write(entry);
            // The answer to an earlier batch may be lost.
            if (intake.Answered(Sender) is { } before && before > events.First)
                Sender.Tell(new MembershipMessages.EventsTaken(before));
            intake.Hold(Sender, written);
            AnswerForEvents();
        });
        Receive<MembershipMessages.Leaving>(Leave);
        Receive<JobMessages.Submit>(submission =>
        {
            if (Submissions.Problem(submission, node.Credentials, node.RunsFolder) is { } problem)
                submission.Submitter.Tell(new JobMessages.Rejected(problem));
            else
                Submit(submission);
        });
        Receive<JobMessages.SubmitHere>(here => Submit(here.Job));
        Receive<JobActor.Keep>(Keep);
        Receive<JobMessages.Follow>(follow => Follow(follow.Job, Sender));
        Receive<JobMessages.Interrupt>(interrupt =>
        {
            if (queue.All.FirstOrDefault(job => job.Id == interrupt.Job) is { } entry)
                Cancel(entry);
        });
        Receive<JobMessages.Progress>(Take);
        Receive<MembershipMessages.Vitals>(board.Take);
        Receive<JobMessages.Ended>(Take);
        Receive<JobMessages.Stop>(Stop);
        Receive<TellWaiting>(_ =>
        {
            SayWhoWaits();
            AnswerForEvents();
        });
        Receive<TellMeters>(_ => node.Meters.Coordinate(StatusOf(queue.Running?.Entry)));
        Receive<JobOver>(over =>
        {
            if (running?.Id == over.Job)
            {
                running.Status.Dispose();
                foreach (var stopper in stoppers)
                    stopper.Tell(new JobMessages.Stopped(running.Entry.Name, running.Entry.Folder));
                stoppers.Clear();
                running.Trace.Dispose();
                running = null;
                // Its log is closed: nothing is held back any more.
                AnswerForEvents();
            }

            StartNext();
        });
        Receive<WatchMessages.ListJobs>(_ => Sender.Tell(new WatchMessages.Jobs(queue.All)));
        Receive<WatchMessages.AskStatus>(ask =>
        {
            var (entry, problem) = queue.Find(ask.Job);
            Sender.Tell(entry is null && ask.Job is not null ? new WatchMessages.Answer(false, problem) : new WatchMessages.Status(StatusOf(entry)));
        });
        Receive<WatchMessages.Cancel>(cancel =>
        {
            var (entry, problem) = queue.Find(cancel.Job);
            Sender.Tell(entry is null ? new WatchMessages.Answer(false, problem) : Cancel(entry));
        });
        Receive<WatchMessages.ReadLog>(ReadLog);
    }

    private sealed record Running(Guid Id, IActorRef Actor, EventMerger Log, RunStatusFile Status, JobTrace Trace, JobEntry Entry)
    {
        /// <summary>When its status was written last, and its progress logged, in <see cref="Environment.TickCount64"/>.</summary>
        public (long Written, long Logged) At { get; set; } = (long.MinValue / 2, Environment.TickCount64);
    }

    private sealed record JobOver(Guid Job);

    private sealed record TellWaiting
    {
        public static readonly TellWaiting Instance = new();
    }

    private sealed record TellMeters
    {
        public static readonly TellMeters Instance = new();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(NodeContext node) => Akka.Actor.Props.Create(() => new CoordinatorActor(node));

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("status", TellMeters.Instance, TimeSpan.Zero, StatusEvery);
        Timers.StartPeriodicTimer("waiting", TellWaiting.Instance, node.Settings.ProgressInterval);
        Akka.Cluster.Cluster.Get(Context.System).Subscribe(
            Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));
        Recover();
    }

    protected override void PostStop()
    {
        running?.Status.Dispose();
        running?.Trace.Dispose();
        node.Meters.StopCoordinating();
        Akka.Cluster.Cluster.Get(Context.System).Unsubscribe(Self);
    }

    /// <summary>A job whose coordinator breaks (its folder is full or gone, say) has failed: it must not begin anew, silently.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(exception =>
    {
        if (running is { } job && queue.Running?.Entry.Id == job.Id)
        {
            var reason = $"the job's coordinator failed: {exception.Message}";
            var entry = queue.Running!.Value.Entry;
            node.Log.JobEnded(entry.Name, nameof(JobStatus.Failed), reason);
            Take(new JobMessages.Ended(job.Id, JobStatus.Failed, reason, entry.Folder, null));
        }

        return Directive.Stop;
    });

    private void Stop(JobMessages.Stop stop)
    {
        if (running is not { } job || (stop.Job != Guid.Empty && stop.Job != job.Id))
        {
            stop.Stopper.Tell(new JobMessages.Rejected("no job is running"));
            return;
        }

        stoppers.Add(stop.Stopper);
        stop.Stopper.Tell(new JobMessages.Stopping(job.Id, job.Entry.Name));
        Interrupt(job);
    }

    private void Submit(JobMessages.Submit submission)
    {
        if (closing)
        {
            submission.Submitter.Tell(new JobMessages.Rejected($"{node.Name}, which coordinates jobs, was told to end"));
            return;
        }

        Job job;
        try
        {
            job = Job.Parse(submission.JobName + ".hocon", submission.JobText, new JobOverrides());
            if (submission.Checkpoint is { } from)
                Checkpoint.Open(from);
        }
        catch (BadInputException exception)
        {
            submission.Submitter.Tell(new JobMessages.Rejected(exception.Message));
            return;
        }

        var folder = submission.OutFolder ?? NewFolder(job.Name);
        submission = submission with { OutFolder = folder };
        var entry = queue.Add(job.Name, job.Workers, job.Servers, folder, submission);
        Keep(new SuccessionMessages.KeptJob(entry, 0, Path.GetFullPath(folder), submission, false, null), () =>
        {
            submission.Submitter.Tell(new JobMessages.Accepted(entry.Id, folder));
            if (!submission.Detached)
                followers[entry.Id] = Context.Watch(submission.Submitter);
            node.Log.JobAccepted(job.Name, entry.Id, folder);
            StartNext();
        });
    }

    private void StartNext()
    {
        // What was inherited has begun long ago.
        if (running is not null || (inherited.Count == 0 && AnotherIsJoining) || queue.Begin() is not { } next)
            return;
        var (id, submission) = (next.Entry.Id, next.Content);
        if (FormerRun(next.Entry, out var problem) is var former && problem is not null)
        {
            Refuse(JobStatus.Failed, problem);
            return;
        }

        RunFiles files;
        Checkpoint? checkpoint;
        var job = Job.Parse(submission.JobName + ".hocon", submission.JobText, new JobOverrides());
        try
        {
            checkpoint = submission.Checkpoint is { } from ? Checkpoint.Open(from) : null;
            files = new RunFiles(submission.OutFolder!, job, checkpoint?.Version, node.Settings.Log, node.Log.LogPartDropped, former is not null, node.Log.Disk);
            alreadyLogged = former is null ? null : new LoggedLines(files.Folder);
        }
        catch (BadInputException exception)
        {
            Refuse(JobStatus.BadInput, exception.Message);
            return;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Refuse(JobStatus.BadInput, $"the run's folder {submission.OutFolder} can't be written: {exception.Message}");
            return;
        }

        var log = new EventMerger(files.Log, node.Settings.Log.HoldBack, told: (problem, lost) =>
        {
            node.Log.Disk(Path.Combine(files.Folder, LogFiles.Current), problem);
            if (lost > 0)
                node.Log.EventsLost(lost);
        });
        // What the job tells goes by this actor, so that whoever asks later hears of it, too.
        var actor = Context.ActorOf(JobActor.Props(node, id, job, files, log, Self, checkpoint, Self, former), $"job-{id:N}");
        Context.WatchWith(actor, new JobOver(id));
        running = new Running(id, actor, log, new RunStatusFile(files.Folder), new JobTrace(next.Entry), next.Entry);
        written = 0;
        foreach (var entry in recent)
            Write(entry);
        recent.Clear();
        board.Begin(id);
        sees.Clear();
        foreach (var address in told)
            AskWhetherItSees(address);
        if (Known(id) is { Interrupted: true })
            actor.Tell(new JobMessages.Interrupt(id));
        OfferNodes();

        void Refuse(JobStatus status, string reason)
        {
            Remember(queue.End(id, status, reason));
            TellLast(new JobMessages.Ended(id, status, reason, submission.OutFolder!, null));
            StartNext();
        }
    }

    private void Take(JobMessages.Progress progress)
    {
        if (running is not { } job || job.Id != progress.Job)
            return;
        TellFollower(progress.Job, progress);
        var snapshot = progress.Snapshot;
        board.Take(snapshot);
        job.Trace.Take(snapshot);
        var now = Environment.TickCount64;
        if (now - job.At.Written >= StatusEvery.TotalMilliseconds)
        {
            job.At = job.At with { Written = now };
            var status = StatusOf(queue.Running?.Entry);
            Task.Run(() => job.Status.Write(status));
        }

        if (snapshot.Phase == "training" && snapshot.Step > 0 && now - job.At.Logged >= ProgressEvery.TotalMilliseconds)
        {
            job.At = job.At with { Logged = now };
            node.Log.Training(snapshot.Step, snapshot.Steps, Math.Round(snapshot.Loss, 6), Math.Round(snapshot.SamplesPerSecond, 1));
        }
    }

    private void Take(JobMessages.Ended ended)
    {
        Remember(queue.End(ended.Job, ended.Status, ended.Reason, ended.Summary?.WeightsSha256));
        if (running is not { } job || job.Id != ended.Job)
            return;
        job.Trace.End(ended.Status, ended.Reason);
        // At once: this process may end with the job.
        job.Status.Write(StatusOf(queue.Find(ended.Job.ToString("N")).Entry));
        TellLast(ended);
    }

    private WatchMessages.Answer Cancel(JobEntry entry)
    {
        var name = $"{entry.Name} ({entry.ShortId})";
        if (running is { } job && job.Id == entry.Id && entry.Outcome is null)
        {
            Interrupt(job);
            return new WatchMessages.Answer(true, $"{name} is asked to stop; it writes a checkpoint first");
        }

        if (queue.Waiting.All(next => next.Entry.Id != entry.Id))
            return new WatchMessages.Answer(false, $"{name} has ended: {entry.State}");
        const string reason = "stopped before it had begun";
        Remember(queue.End(entry.Id, JobStatus.Interrupted, reason));
        node.Log.JobEnded(entry.Name, nameof(JobStatus.Interrupted), reason);
        TellLast(new JobMessages.Ended(entry.Id, JobStatus.Interrupted, reason, entry.Folder, null));
        return new WatchMessages.Answer(true, $"{name} will not run");
    }

    private void OfferNodes() => running?.Actor.Tell(new JobActor.Available([.. nodes.Values.Where(info => !leaving.Contains(info.Name)).OrderBy(info => info.Name, StringComparer.Ordinal)]));

    private void Write(LogEvent entry)
    {
        if (running is { } job)
        {
            if (alreadyLogged?.Take(entry) != true)
                written = job.Log.Add(entry);
            return;
        }

        recent.Enqueue(entry);
        if (recent.Count > EventsKept)
            recent.Dequeue();
    }

    private string NewFolder(string job)
    {
        var folder = Path.Combine(node.RunsFolder, $"{job}-{DateTime.Now:yyyyMMdd-HHmmss}");
        var free = folder;
        for (var i = 2; Directory.Exists(free) || queue.Waiting.Any(next => next.Entry.Folder == free); i++)
            free = $"{folder}-{i}";
        return free;
    }
}
