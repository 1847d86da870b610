using Akka.Actor;
using Akka.Cluster;
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
internal sealed class CoordinatorActor : ReceiveActor
{
    /// <summary>Events kept for the log of a job that has not begun yet.</summary>
    private const int EventsKept = 2000;

    private readonly NodeContext node;
    private readonly Dictionary<string, MembershipMessages.NodeInfo> nodes = [];
    private readonly Queue<(Guid Id, JobMessages.Submit Submission)> waiting = new();
    private readonly Queue<LogEvent> recent = new();
    private (Guid Id, IActorRef Actor, EventMerger Log)? running;

    public CoordinatorActor(NodeContext node)
    {
        this.node = node;
        Receive<MembershipMessages.Register>(Register);
        Receive<MembershipMessages.ProcessEnded>(ended => Lose(ended.Node, ended.How));
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
        Receive<JobMessages.Submit>(Submit);
        Receive<JobMessages.Interrupt>(interrupt =>
        {
            if (running is { } job && job.Id == interrupt.Job)
                job.Actor.Tell(interrupt);
        });
        Receive<JobOver>(over =>
        {
            if (running?.Id == over.Job)
                running = null;
            StartNext();
        });
    }

    private sealed record JobOver(Guid Job);

    public static Props Props(NodeContext node) => Akka.Actor.Props.Create(() => new CoordinatorActor(node));

    protected override void PreStart() =>
        Akka.Cluster.Cluster.Get(Context.System).Subscribe(
            Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));

    protected override void PostStop() => Akka.Cluster.Cluster.Get(Context.System).Unsubscribe(Self);

    private void Register(MembershipMessages.Register register)
    {
        var info = register.Node;
        Sender.Tell(new MembershipMessages.Registered(node.Name));
        if (nodes.TryGetValue(info.Name, out var known) && known.Actor.Equals(info.Actor))
            return;
        if (known is not null)
            Context.Unwatch(known.Actor);
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
        Context.Unwatch(info.Actor);
        node.Log.NodeLost(name, how);
        running?.Actor.Tell(new JobActor.NodeGone(name, how));
    }

    private void Submit(JobMessages.Submit submission)
    {
        Job job;
        try
        {
            job = Job.Parse(submission.JobName + ".hocon", submission.JobText, new JobOverrides());
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
        waiting.Enqueue((id, submission with { OutFolder = folder }));
        StartNext();
    }

    private void StartNext()
    {
        if (running is not null || !waiting.TryDequeue(out var next))
            return;
        var (id, submission) = next;
        RunFiles files;
        var job = Job.Parse(submission.JobName + ".hocon", submission.JobText, new JobOverrides());
        try
        {
            files = new RunFiles(submission.OutFolder!, job);
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
        var actor = Context.ActorOf(JobActor.Props(node, id, job, files, log, submission.Submitter), $"job-{id:N}");
        Context.WatchWith(actor, new JobOver(id));
        running = (id, actor, log);
        OfferNodes();
    }

    private void OfferNodes() => running?.Actor.Tell(new JobActor.Available([.. nodes.Values.OrderBy(info => info.Name, StringComparer.Ordinal)]));

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
        for (var i = 2; Directory.Exists(free); i++)
            free = $"{folder}-{i}";
        return free;
    }
}
