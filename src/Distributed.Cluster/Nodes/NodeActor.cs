using Akka.Actor;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Metrics;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Security;
using Distributed.Cluster.Workers;
using Distributed.Transport;

namespace Distributed.Cluster.Nodes;

/// <summary>
/// A node's contact with its cluster: registers with the coordinator, starts and ends this node's part in jobs, passes its
/// events on. At <c>/user/node</c> it also takes jobs from submitters outside of the cluster.
/// </summary>
internal sealed class NodeActor : ReceiveActor, IWithTimers
{
    public const string Name = "node";

    private const string Worker = "worker";
    private const string Server = "server";

    /// <summary>A node that has much to tell must not crowd out the rest of the control plane.</summary>
    private const int BatchesAtOnce = 8;

    private static readonly TimeSpan VitalsInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TidyInterval = TimeSpan.FromMinutes(1);

    private readonly NodeContext node;
    private readonly EventRelay events;
    private readonly IActorRef coordinator;
    private readonly MembershipMessages.NodeInfo info;
    private readonly List<Part> parts = [];

    /// <summary>Jobs whose coordinator is gone, which another one may take over.</summary>
    private readonly HashSet<IActorRef> gone = [];
    private (long Epoch, Address? Address) leader;
    private int partsBegun;
    private IActorRef? awaitsDrain;
    private bool mayLeave;

    /// <summary>What this node does for a job as a worker or as a server.</summary>
    private sealed record Part(Guid Id, string Role, IActorRef Job, IActorRef Actor);
    private readonly GarbageWatch garbage = new();
    private readonly TrafficWatch traffic = new();

    private sealed record RegisterNow
    {
        public static readonly RegisterNow Instance = new();
    }

    /// <summary>The process was told to end: take no new part, hand over what there is, and answer <see cref="Drained"/> when nothing is left.</summary>
    public sealed record Drain
    {
        public static readonly Drain Instance = new();
    }

    /// <summary>This node does nothing for anybody any more.</summary>
    public sealed record Drained
    {
        public static readonly Drained Instance = new();
    }

    private sealed record GiveUp(IActorRef Job);

    private sealed record SayLeaving
    {
        public static readonly SayLeaving Instance = new();
    }

    private sealed record EventCame
    {
        public static readonly EventCame Instance = new();
    }

    private sealed record SendEvents
    {
        public static readonly SendEvents Instance = new();
    }

    private sealed record TellVitals
    {
        public static readonly TellVitals Instance = new();
    }

    /// <summary>Time to give freed memory back, unless this node trains: a step's tensors are to find theirs again.</summary>
    public sealed record Tidy
    {
        public static readonly Tidy Instance = new();
    }

    public NodeActor(NodeContext node, EventRelay events, IActorRef coordinator, Action registered)
    {
        this.node = node;
        this.events = events;
        this.coordinator = coordinator;
        info = new MembershipMessages.NodeInfo(
            node.Name, node.Roles, Akka.Cluster.Cluster.Get(Context.System).SelfAddress.ToString(), Environment.ProcessId,
            Environment.ProcessorCount, Self);

        // Registering is repeated for as long as the node lives: whoever is coordinator next hears of it, too.
        var register = new MembershipMessages.Register(info, node.Credentials.Sign(Statements.Registers(info)));
        Receive<RegisterNow>(_ => coordinator.Tell(register));
        Receive<MembershipMessages.Registered>(known =>
        {
            Follow(known);
            node.Meters.Registered();
            registered();
        });
        var self = Self;
        Receive<EventCame>(_ => SendEventsSoon());
        Receive<SendEvents>(_ =>
        {
            PassEventsOn();
            // A node that has nothing to tell sleeps.
            if (!events.IsIdle(() => self.Tell(EventCame.Instance)))
                SendEventsSoon();
        });
        Receive<TellVitals>(_ =>
        {
            var vitals = node.Meters.Vitals();
            coordinator.Tell(vitals);
            foreach (var (link, rate) in traffic.Next(vitals.Server))
                node.Log.LinkTraffic(link.Peer, link.Kind, link.BytesSent, link.BytesReceived, rate);
            foreach (var (index, generation, pause) in garbage.Next())
                node.Log.GarbageCollected(index, generation, Math.Round(pause.TotalMilliseconds));
        });
        Receive<Tidy>(_ =>
        {
            // A tenth of a second for each gigabyte that was freed: not on an actor's thread.
            if (parts.Count == 0)
                new Thread(NativeHeap.Trim) { IsBackground = true, Name = "tidy" }.Start();
        });
        Receive<MembershipMessages.EventsTaken>(taken =>
        {
            // What one writes that is coordinator no more reaches nobody.
            if (IsFromLeader())
                events.Taken(taken.Before);
        });
        Receive<JobMessages.Submit>(coordinator.Forward);
        Receive<JobMessages.SubmitHere>(coordinator.Forward);
        Receive<WatchMessages.ListJobs>(coordinator.Forward);
        Receive<WatchMessages.AskStatus>(coordinator.Forward);
        Receive<WatchMessages.Cancel>(coordinator.Forward);
        Receive<WatchMessages.ReadLog>(coordinator.Forward);
        Receive<JobMessages.Follow>(coordinator.Forward);
        Receive<JobMessages.Interrupt>(coordinator.Forward);
        Receive<JobMessages.Stop>(coordinator.Forward);
        Receive<Drain>(_ => BeginDrain());
        Receive<SayLeaving>(_ => coordinator.Tell(new MembershipMessages.Leaving(node.Name)));
        Receive<MembershipMessages.MayLeave>(_ =>
        {
            mayLeave = true;
            EndDrain();
        });
        Receive<MembershipMessages.ProcessEnded>(coordinator.Forward);
        Receive<TrainingMessages.Train>(order => Begin(order.Job, Worker, WorkerActor.Props(node, order, Sender)));
        Receive<TrainingMessages.Serve>(order => Begin(order.Job, Server, ShardServerActor.Props(node, order, Sender)));
        Receive<TrainingMessages.Adopt>(Adopt);
        Receive<GiveUp>(over => End(part => gone.Contains(over.Job) && part.Job.Equals(over.Job)));
        Receive<TrainingMessages.Lease>(lease => Forward(lease.Job, Worker, lease));
        Receive<TrainingMessages.Halt>(halt => Forward(halt.Job, Worker, halt));
        Receive<DataMessages.ListFiles>(list => Forward(list.Job, Worker, list));
        Receive<DataMessages.ReadChunk>(read => Forward(read.Job, Worker, read));
        Receive<TrainingMessages.Pause>(pause => Forward(pause.Job, Worker, pause));
        Receive<TrainingMessages.BePatient>(wait => Forward(wait.Job, Worker, wait));
        Receive<TrainingMessages.Continue>(go => Forward(go.Job, Worker, go));
        Receive<TrainingMessages.Decided>(decided => Forward(decided.Job, Worker, decided));
        Receive<TrainingMessages.Connect>(connect => Forward(connect.Job, Server, connect));
        Receive<TrainingMessages.RaiseTerm>(raise => Forward(raise.Job, Server, raise));
        Receive<TrainingMessages.SetRate>(set => Forward(set.Job, Server, set));
        Receive<TrainingMessages.Recorded>(recorded => Forward(recorded.Job, Server, recorded));
        Receive<TrainingMessages.Release>(release =>
        {
            // The job's log closes soon after its members have let go.
            PassEventsOn();
            if (!Forward(release.Job, release.Role, release))
                Sender.Tell(new TrainingMessages.Released(release.Job, node.Name, release.Role, 0));
        });
        Receive<Terminated>(terminated =>
        {
            parts.RemoveAll(part => part.Actor.Equals(terminated.ActorRef));
            // A job's coordinator is gone, perhaps without a word. Its parts go on without it: another coordinator may take the job over.
            if (parts.Exists(part => part.Job.Equals(terminated.ActorRef)))
            {
                gone.Add(terminated.ActorRef);
                Timers.StartSingleTimer(terminated.ActorRef, new GiveUp(terminated.ActorRef), node.Settings.Deadlines.Coordinator);
            }

            EndDrain();
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <param name="registered">Called when the coordinator has taken the node in, and each time that it is told so again.</param>
    public static Props Props(NodeContext node, EventRelay events, IActorRef coordinator, Action registered) =>
        Akka.Actor.Props.Create(() => new NodeActor(node, events, coordinator, registered));

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("register", RegisterNow.Instance, TimeSpan.Zero, node.Settings.RegisterInterval);
        Timers.StartPeriodicTimer("vitals", TellVitals.Instance, TimeSpan.Zero, VitalsInterval);
        Timers.StartPeriodicTimer("tidy", Tidy.Instance, TidyInterval, TidyInterval);
        SendEventsSoon();
    }

    protected override void PostStop() => PassEventsOn();

    private void SendEventsSoon() => Timers.StartSingleTimer("events", SendEvents.Instance, EventRelay.Interval);

    private void BeginDrain()
    {
        awaitsDrain = Sender;
        // Whoever does nothing keeps nobody waiting; but the coordinator's node ends its job first.
        mayLeave = parts.Count == 0 && !node.Roles.Contains("coordinator");
        Timers.Cancel("register");
        Timers.StartPeriodicTimer("leaving", SayLeaving.Instance, TimeSpan.Zero, node.Settings.ProgressInterval);
        EndDrain();
    }

    private void EndDrain()
    {
        if (mayLeave && parts.Count == 0)
            awaitsDrain?.Tell(Drained.Instance);
    }

    /// <summary>A part that breaks has failed: it must not begin anew, silently, without what it held.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(exception =>
    {
        if (parts.Find(part => part.Actor.Equals(Sender)) is { } broken)
            broken.Job.Tell(MemberFailure.Describe(broken.Id, node.Name, exception));
        return Directive.Stop;
    });

    /// <summary>Starts this node's part in the sender's job. A name is free only some time after its last holder's end: each has its own.</summary>
    private void Begin(Guid job, string role, Props props)
    {
        // The job's coordinator hears from its own that this node leaves.
        if (awaitsDrain is not null || !IsFromLeader())
            return;
        Context.Watch(Sender);
        // A part that the job has given up, without having been able to say so, would only be in the way.
        foreach (var former in parts.Where(part => part.Id == job && part.Role == role))
            Context.Stop(former.Actor);
        var number = partsBegun++;
        var taken = !Context.Child($"{role}-{job:N}").IsNobody();
        var actor = Context.ActorOf(props, taken ? $"{role}-{job:N}-{number}" : $"{role}-{job:N}");
        parts.Add(new Part(job, role, Sender, Context.Watch(actor)));
    }

    /// <summary>
    /// The coordinator says that it knows this node. Parts whose job's coordinator is gone end where another job runs: nobody will take theirs over.
    /// </summary>
    private void Follow(MembershipMessages.Registered known)
    {
        if (known.Epoch < leader.Epoch)
            return;
        if (known.Epoch > leader.Epoch)
            events.SendAgain();
        leader = (known.Epoch, Sender.Path.Address);
        End(part => gone.Contains(part.Job) && part.Id != known.Job);
    }

    /// <summary>Another coordinator takes a job over: its word counts from now on, and no longer that of the one before.</summary>
    private void Adopt(TrainingMessages.Adopt adopt)
    {
        if (!IsFromLeader())
            return;
        Context.Watch(Sender);
        foreach (var role in (string[])[Worker, Server])
        {
            var at = parts.FindLastIndex(part => part.Id == adopt.Job && part.Role == role);
            if (at >= 0)
                parts[at] = parts[at] with { Job = Sender };
        }

        var (worker, server) = (Forward(adopt.Job, Worker, adopt), Forward(adopt.Job, Server, adopt));
        Sender.Tell(new TrainingMessages.Adopted(adopt.Job, node.Name, worker, server));
    }

    /// <summary>Not where another coordinator of a higher epoch is known: one that was cut off may not know yet that it is none any more.</summary>
    private bool IsFromLeader() => leader.Address is null || leader.Address.Equals(Sender.Path.Address);

    private void End(Predicate<Part> over)
    {
        foreach (var part in parts.FindAll(over))
            Context.Stop(part.Actor);
    }

    /// <summary>Passes a message of a job's coordinator on to the newest part in the job; false where there is none.</summary>
    private bool Forward(Guid job, string role, object message)
    {
        var part = parts.FindLast(candidate => candidate.Id == job && candidate.Role == role && candidate.Job.Equals(Sender));
        part?.Actor.Forward(message);
        return part is not null;
    }

    private void PassEventsOn()
    {
        for (var batches = 0; batches < BatchesAtOnce; batches++)
        {
            var (batch, first, oldest, dropped) = events.Take();
            if (dropped > 0)
                node.Log.EventsLost(dropped);
            if (batch.Length == 0)
                return;
            coordinator.Tell(new MembershipMessages.NodeEvents(batch, first, oldest), Self);
        }
    }
}
