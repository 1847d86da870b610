using Akka.Actor;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Metrics;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;

namespace Distributed.Cluster.Nodes;

/// <summary>
/// A node's contact with its cluster: registers with the coordinator, starts and ends this node's part in jobs, passes its
/// events on. At <c>/user/node</c> it also takes jobs from submitters outside of the cluster.
/// </summary>
internal sealed class NodeActor : ReceiveActor, IWithTimers
{
    public const string Name = "node";

    /// <summary>A node that has much to tell must not crowd out the rest of the control plane.</summary>
    private const int BatchesAtOnce = 8;

    private static readonly TimeSpan VitalsInterval = TimeSpan.FromSeconds(1);

    private readonly NodeContext node;
    private readonly EventRelay events;
    private readonly IActorRef coordinator;
    private readonly MembershipMessages.NodeInfo info;
    private readonly Dictionary<IActorRef, List<IActorRef>> partsOfJobs = [];
    private readonly GarbageWatch garbage = new();
    private readonly TrafficWatch traffic = new();

    private sealed record RegisterNow
    {
        public static readonly RegisterNow Instance = new();
    }

    private sealed record SendEvents
    {
        public static readonly SendEvents Instance = new();
    }

    private sealed record TellVitals
    {
        public static readonly TellVitals Instance = new();
    }

    public NodeActor(NodeContext node, EventRelay events, IActorRef coordinator)
    {
        this.node = node;
        this.events = events;
        this.coordinator = coordinator;
        info = new MembershipMessages.NodeInfo(
            node.Name, node.Roles, Akka.Cluster.Cluster.Get(Context.System).SelfAddress.ToString(), Environment.ProcessId,
            Environment.ProcessorCount, Self);

        // Registering is repeated for as long as the node lives: whoever is coordinator next hears of it, too.
        Receive<RegisterNow>(_ => coordinator.Tell(new MembershipMessages.Register(info)));
        Receive<MembershipMessages.Registered>(_ => node.Meters.Registered());
        Receive<SendEvents>(_ => PassEventsOn());
        Receive<TellVitals>(_ =>
        {
            var vitals = node.Meters.Vitals();
            coordinator.Tell(vitals);
            foreach (var (link, rate) in traffic.Next(vitals.Server))
                node.Log.LinkTraffic(link.Peer, link.Kind, link.BytesSent, link.BytesReceived, rate);
            foreach (var (index, generation, pause) in garbage.Next())
                node.Log.GarbageCollected(index, generation, Math.Round(pause.TotalMilliseconds));
        });
        Receive<MembershipMessages.EventsTaken>(taken => events.Taken(taken.Before));
        Receive<JobMessages.Submit>(coordinator.Forward);
        Receive<WatchMessages.ListJobs>(coordinator.Forward);
        Receive<WatchMessages.AskStatus>(coordinator.Forward);
        Receive<WatchMessages.Cancel>(coordinator.Forward);
        Receive<WatchMessages.ReadLog>(coordinator.Forward);
        Receive<JobMessages.Interrupt>(coordinator.Forward);
        Receive<MembershipMessages.ProcessEnded>(coordinator.Forward);
        Receive<TrainingMessages.Train>(order => Begin(WorkerActor.Props(node, order, Sender), WorkerName(order.Job)));
        Receive<TrainingMessages.Serve>(order => Begin(ShardServerActor.Props(node, order, Sender), ServerName(order.Job)));
        Receive<TrainingMessages.Connect>(connect =>
        {
            // Both may be here; each takes the first and ignores the second.
            Context.Child(WorkerName(connect.Job)).Forward(connect);
            Context.Child(ServerName(connect.Job)).Forward(connect);
        });
        Receive<TrainingMessages.Pause>(pause => Context.Child(WorkerName(pause.Job)).Forward(pause));
        Receive<TrainingMessages.BePatient>(wait => Context.Child(WorkerName(wait.Job)).Forward(wait));
        Receive<TrainingMessages.Continue>(go => Context.Child(WorkerName(go.Job)).Forward(go));
        Receive<TrainingMessages.Decided>(decided => Context.Child(WorkerName(decided.Job)).Forward(decided));
        Receive<TrainingMessages.SetRate>(set => Context.Child(ServerName(set.Job)).Forward(set));
        Receive<TrainingMessages.DescribeShards>(ask => Context.Child(ServerName(ask.Job)).Forward(ask));
        Receive<TrainingMessages.RaiseTerm>(raise => Context.Child(ServerName(raise.Job)).Forward(raise));
        Receive<TrainingMessages.Release>(release =>
        {
            // The job's log closes soon after its members have let go.
            PassEventsOn();
            var part = Context.Child(release.Role == "worker" ? WorkerName(release.Job) : ServerName(release.Job));
            if (part.IsNobody())
                Sender.Tell(new TrainingMessages.Released(release.Job, node.Name, release.Role, 0));
            else
                part.Forward(release);
        });
        Receive<Terminated>(terminated =>
        {
            // A job's coordinator is gone, perhaps without a word: nobody will release its parts. The next job's are not its.
            if (partsOfJobs.Remove(terminated.ActorRef, out var parts))
                foreach (var part in parts)
                    Context.Stop(part);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(NodeContext node, EventRelay events, IActorRef coordinator) =>
        Akka.Actor.Props.Create(() => new NodeActor(node, events, coordinator));

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("register", RegisterNow.Instance, TimeSpan.Zero, node.Settings.RegisterInterval);
        Timers.StartPeriodicTimer("vitals", TellVitals.Instance, TimeSpan.Zero, VitalsInterval);
        Timers.StartPeriodicTimer("events", SendEvents.Instance, EventRelay.Interval);
    }

    protected override void PostStop() => PassEventsOn();

    private static string WorkerName(Guid job) => $"worker-{job:N}";

    private static string ServerName(Guid job) => $"server-{job:N}";

    /// <summary>Starts this node's part in the sender's job.</summary>
    private void Begin(Props part, string name)
    {
        Context.Watch(Sender);
        if (!partsOfJobs.TryGetValue(Sender, out var parts))
            partsOfJobs.Add(Sender, parts = []);
        parts.Add(Context.ActorOf(part, name));
    }

    private void PassEventsOn()
    {
        for (var batches = 0; batches < BatchesAtOnce; batches++)
        {
            var (batch, first, dropped) = events.Take();
            if (dropped > 0)
                node.Log.EventsLost(dropped);
            if (batch.Length == 0)
                return;
            coordinator.Tell(new MembershipMessages.NodeEvents(batch, first), Self);
        }
    }
}
