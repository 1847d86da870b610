using Akka.Actor;
using Akka.Cluster;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// The cluster's singleton: knows the nodes, takes jobs one after another, merges everybody's events into the running job's
/// cluster log. A job itself is coordinated by a <see cref="JobActor"/> below it.
/// </summary>
internal sealed class CoordinatorActor : ReceiveActor, IWithTimers
{
    /// <summary>Events kept for the log of a job that has not begun yet.</summary>
    private const int EventsKept = 2000;

    private readonly NodeContext node;
    private readonly Dictionary<string, MembershipMessages.NodeInfo> nodes = [];
    private readonly List<(Guid Id, JobMessages.Submit Submission)> waiting = [];
    private readonly Queue<LogEvent> recent = new();
    private readonly HashSet<string> leaving = [];
    private readonly HashSet<IActorRef> stoppers = [];
    private Running? running;
    private bool closing;

    public CoordinatorActor(NodeContext node)
    {
        this.node = node;
        Receive<MembershipMessages.Register>(Register);
        Receive<MembershipMessages.ProcessEnded>(ended =>
        {
            // This is certain, unlike silence; and while the cluster holds a member for unreachable, it lets nobody in.
            if (nodes.TryGetValue(ended.Node, out var known))
                Akka.Cluster.Cluster.Get(Context.System).Down(Address.Parse(known.Address));
            Lose(ended.Node, ended.How);
        });
        Receive<Terminated>(terminated => LoseActor(terminated.ActorRef, "it does not answer any more"));
        Receive<ClusterEvent.IMemberEvent>(changed =>
        {
            node.Log.MemberChanged(changed.Member.Address.ToString(), changed.Member.Status.ToString());
            if (changed is ClusterEvent.MemberRemoved)
                foreach (var gone in nodes.Values.Where(info => info.Address == changed.Member.Address.ToString()).ToArray())
                    Lose(gone.Name, "it left the cluster");
        });
        Receive<MembershipMessages.NodeEvents>(events =>
        {
            foreach (var entry in events.Events)
                Write(entry);
        });
        Receive<MembershipMessages.Leaving>(Leave);
        Receive<JobMessages.Submit>(Submit);
        Receive<JobMessages.Interrupt>(Interrupt);
        Receive<JobMessages.Stop>(Stop);
        Receive<TellWaiting>(_ => SayWhoWaits());
        Receive<JobOver>(over =>
        {
            if (running?.Id == over.Job)
            {
                foreach (var stopper in stoppers)
                    stopper.Tell(new JobMessages.Stopped(running.Submission.JobName, running.Submission.OutFolder!));
                stoppers.Clear();
                running = null;
            }

            StartNext();
        });
    }

    private sealed record Running(Guid Id, IActorRef Actor, EventMerger Log, JobMessages.Submit Submission);

    private sealed record JobOver(Guid Job);

    private sealed record TellWaiting
    {
        public static readonly TellWaiting Instance = new();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(NodeContext node) => Akka.Actor.Props.Create(() => new CoordinatorActor(node));

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("waiting", TellWaiting.Instance, node.Settings.ProgressInterval);
        Akka.Cluster.Cluster.Get(Context.System).Subscribe(
            Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));
    }

    protected override void PostStop() => Akka.Cluster.Cluster.Get(Context.System).Unsubscribe(Self);

    /// <summary>A job whose coordinator breaks (its folder is full or gone, say) has failed: it must not begin anew, silently.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(exception =>
    {
        if (running is { } job)
        {
            var reason = $"the job's coordinator failed: {exception.Message}";
            node.Log.JobEnded(job.Submission.JobName, nameof(JobStatus.Failed), reason);
            job.Submission.Submitter.Tell(new JobMessages.Ended(job.Id, JobStatus.Failed, reason, job.Submission.OutFolder!, null));
        }

        return Directive.Stop;
    });

    private void Register(MembershipMessages.Register register)
    {
        var info = register.Node;
        Sender.Tell(new MembershipMessages.Registered(node.Name));
        if (nodes.TryGetValue(info.Name, out var known) && known.Actor.Equals(info.Actor))
            return;
        if (known is not null)
            Lose(info.Name, "it was started anew");
        nodes[info.Name] = info;
        Context.Watch(info.Actor);
        node.Log.NodeJoined(info.Name, string.Join(",", info.Roles), info.Address, info.ProcessId);
        OfferNodes();
    }

    private void LoseActor(IActorRef actor, string how)
    {
        foreach (var info in nodes.Values.Where(candidate => candidate.Actor.Equals(actor)).ToArray())
            Lose(info.Name, how);
    }

    private void Lose(string name, string how)
    {
        if (!nodes.Remove(name, out var info))
            return;
        leaving.Remove(name);
        Context.Unwatch(info.Actor);
        node.Log.NodeLost(name, how);
        running?.Actor.Tell(new JobActor.NodeGone(name, how));
    }

    /// <summary>
    /// A node was told to end, and says so until it may: a member of the job hands its part over. The coordinator's own node may end when no
    /// job is left; the running one ends with a checkpoint.
    /// </summary>
    private void Leave(MembershipMessages.Leaving told)
    {
        leaving.Add(told.Node);
        running?.Actor.Tell(new JobActor.NodeLeaving(told.Node));
        if (told.Node != node.Name)
        {
            Sender.Tell(new MembershipMessages.MayLeave(told.Node));
            return;
        }

        closing = true;
        foreach (var (id, submission) in waiting)
            submission.Submitter.Tell(new JobMessages.Ended(id, JobStatus.Interrupted, "stopped before it had begun", submission.OutFolder!, null));
        waiting.Clear();
        if (running is { } job)
            job.Actor.Tell(new JobMessages.Interrupt(job.Id));
        else
            Sender.Tell(new MembershipMessages.MayLeave(told.Node));
    }

    private void Stop(JobMessages.Stop stop)
    {
        if (running is not { } job || (stop.Job != Guid.Empty && stop.Job != job.Id))
        {
            stop.Stopper.Tell(new JobMessages.Rejected("no job is running"));
            return;
        }

        stoppers.Add(stop.Stopper);
        stop.Stopper.Tell(new JobMessages.Stopping(job.Id, job.Submission.JobName));
        job.Actor.Tell(new JobMessages.Interrupt(job.Id));
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

        var id = Guid.NewGuid();
        var folder = submission.OutFolder ?? NewFolder(job.Name);
        submission.Submitter.Tell(new JobMessages.Accepted(id, folder));
        node.Log.JobAccepted(job.Name, id, folder);
        waiting.Add((id, submission with { OutFolder = folder }));
        StartNext();
    }

    private void StartNext()
    {
        if (running is not null || waiting.Count == 0)
            return;
        var (id, submission) = waiting[0];
        waiting.RemoveAt(0);
        RunFiles files;
        Checkpoint? checkpoint;
        var job = Job.Parse(submission.JobName + ".hocon", submission.JobText, new JobOverrides());
        try
        {
            checkpoint = submission.Checkpoint is { } from ? Checkpoint.Open(from) : null;
            files = new RunFiles(submission.OutFolder!, job, checkpoint?.Version);
        }
        catch (BadInputException exception)
        {
            submission.Submitter.Tell(new JobMessages.Ended(id, JobStatus.BadInput, exception.Message, submission.OutFolder!, null));
            StartNext();
            return;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            submission.Submitter.Tell(new JobMessages.Ended(
                id, JobStatus.BadInput, $"the run's folder {submission.OutFolder} can't be written: {exception.Message}", submission.OutFolder!, null));
            StartNext();
            return;
        }

        var log = new EventMerger(files.Log, node.Settings.Log.HoldBack);
        foreach (var entry in recent)
            log.Add(entry);
        recent.Clear();
        var actor = Context.ActorOf(JobActor.Props(node, id, job, files, log, submission.Submitter, checkpoint), $"job-{id:N}");
        Context.WatchWith(actor, new JobOver(id));
        running = new Running(id, actor, log, submission);
        OfferNodes();
    }

    private void Interrupt(JobMessages.Interrupt interrupt)
    {
        if (running is { } job && job.Id == interrupt.Job)
            job.Actor.Tell(interrupt);
        var at = waiting.FindIndex(next => next.Id == interrupt.Job);
        if (at < 0)
            return;
        var (id, submission) = waiting[at];
        waiting.RemoveAt(at);
        submission.Submitter.Tell(new JobMessages.Ended(id, JobStatus.Interrupted, "stopped before it had begun", submission.OutFolder!, null));
    }

    /// <summary>Submitters of waiting jobs would take silence for the coordinator's end.</summary>
    private void SayWhoWaits()
    {
        for (var i = 0; i < waiting.Count; i++)
            waiting[i].Submission.Submitter.Tell(new JobMessages.Progress(waiting[i].Id, new RunProgress(
                waiting[i].Submission.JobName, $"waiting for {i + 1} other {(i == 0 ? "job" : "jobs")}", 0, 0, 0, 0, double.NaN, null, null, 0, 0, [], [], [])));
    }

    private void OfferNodes() => running?.Actor.Tell(new JobActor.Available([.. nodes.Values.Where(info => !leaving.Contains(info.Name)).OrderBy(info => info.Name, StringComparer.Ordinal)]));

    private void Write(LogEvent entry)
    {
        if (running is { } job)
        {
            job.Log.Add(entry);
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
        for (var i = 2; Directory.Exists(free) || waiting.Exists(next => next.Submission.OutFolder == free); i++)
            free = $"{folder}-{i}";
        return free;
    }
}
