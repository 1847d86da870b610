using Akka.Actor;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>One server node's part in one job: the memory and links of its shards, and a parameter-server actor for each.</summary>
internal sealed class ShardServerActor : ReceiveActor, IWithTimers
{
    private const int SlotsPerMessage = 200;

    private readonly NodeContext node;
    private readonly TrainingMessages.Serve order;
    private IActorRef job;
    private readonly Lock handingOver = new();
    private ShardServer? server;
    private Func<ServerFigures>? figures;
    private bool stopped;
    private bool released;
    private long term;

    private sealed record Started
    {
        public static readonly Started Instance = new();
    }

    private sealed record Broke(Exception Cause, long Term, bool CanGoOn);

    private sealed record ReportNow
    {
        public static readonly ReportNow Instance = new();
    }

    public ShardServerActor(NodeContext node, TrainingMessages.Serve order, IActorRef job)
    {
        this.node = node;
        this.order = order;
        this.job = job;
        term = order.Term;
        Become(Starting);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(NodeContext node, TrainingMessages.Serve order, IActorRef job) =>
        Akka.Actor.Props.Create(() => new ShardServerActor(node, order, job));

    protected override void PreStart()
    {
        // Building the initial weights takes a while and runs torch: never on a dispatcher.
        var self = Self;
        Timers.StartPeriodicTimer("report", ReportNow.Instance, node.Settings.ProgressInterval);
        OnThread("server start", () => HandOver(self, new ShardServer(
            Job.Parse("job", order.JobText, new JobOverrides()), order, node.Name, node.Host, node.DataPort, node.Settings.Deadlines,
            node.Refusals.Add, (cause, of, canGoOn) => self.Tell(new Broke(cause, of, canGoOn)), node.Chaos,
            node.LinkTls)));
    }

    protected override void PostStop()
    {
        lock (handingOver)
            stopped = true;
        if (figures is not null)
            node.Meters.Stop(figures);
        server?.Dispose();
        // Only now: who is told may give this node, and its port, to the next job at once.
        if (released)
            job.Tell(new TrainingMessages.Released(order.Job, node.Name, "server", server?.BytesSent ?? 0));
    }

    /// <summary>Gives the actor its server, from the starting thread; an actor that has stopped takes none.</summary>
    private void HandOver(IActorRef self, ShardServer started)
    {
        lock (handingOver)
        {
            if (!stopped)
            {
                server = started;
                // The module with the first weights is gone.
                NativeHeap.Trim();
                self.Tell(Started.Instance);
                return;
            }
        }

        started.Dispose();
    }

    private void Starting()
    {
        Receive<Started>(_ =>
        {
            foreach (var shard in server!.Shards)
                Context.ActorOf(ParameterServerActor.Props(shard), $"shard-{shard.Range.Shard}");
            var serving = server;
            node.Meters.Serve(figures = () => serving.Figures);
            var endpoint = server.Endpoint;
            job.Tell(new TrainingMessages.ServerReady(
                order.Job, node.Name, order.Term, new TrainingMessages.DataAddress(endpoint.Host, endpoint.Port, endpoint.UnixName, endpoint.HostId)));
            Become(Serving);
        });
        Receive<Broke>(Report);
        Receive<TrainingMessages.Adopt>(_ => Follow(null));
        Receive<ReportNow>(_ => job.Tell(new TrainingMessages.ServerReport(order.Job, node.Name, term, order.Version, [])));
        Receive<TrainingMessages.Release>(_ => Become(Abandoned));
    }

    private void Serving()
    {
        Receive<Broke>(Report);
        Receive<TrainingMessages.Connect>(servers =>
        {
            var serving = server!;
            OnThread("server links", () => serving.LinkServers(servers));
        });
        Receive<TrainingMessages.Adopt>(_ => Follow(server!.Endpoint));
        Receive<TrainingMessages.RaiseTerm>(Raise);
        Receive<TrainingMessages.Recorded>(recorded => server!.Forget(recorded.Step));
        Receive<ReportNow>(_ =>
        {
            var (version, missing) = server!.Progress;
            job.Tell(new TrainingMessages.ServerReport(order.Job, node.Name, term, version, missing));
        });
        Receive<TrainingMessages.SetRate>(set =>
        {
            server!.SetRate(set.Rate);
            job.Tell(new TrainingMessages.RateSet(order.Job, node.Name, set.Version));
        });
        Receive<TrainingMessages.Release>(_ => End());
    }

    /// <summary>The job has a new coordinator, who does not know what is held here.</summary>
    private void Follow(DataEndpoint? at)
    {
        job = Sender;
        job.Tell(new TrainingMessages.ServerHolds(
            order.Job, node.Name,
            at is null ? null : new TrainingMessages.ServerDescription(node.Name, at.Host, at.Port, at.UnixName, at.HostId), order.Shards));
    }

    private void Raise(TrainingMessages.RaiseTerm raise)
    {
        term = Math.Max(term, raise.Term);
        var versions = server!.RaiseTerm(term, raise.Servers);
        // Messages stay far below the control plane's 32 KB.
        var batch = new List<ProgressMessages.StepReport>();
        foreach (var step in server.FiguresFrom(raise.RecordedBelow, versions))
        {
            batch.Add(step);
            if (batch.Sum(report => report.Slots.Length) < SlotsPerMessage)
                continue;
            Tell();
        }

        Tell();
        job.Tell(new TrainingMessages.Fenced(order.Job, node.Name, term, versions));

        void Tell()
        {
            if (batch.Count > 0)
                job.Tell(new TrainingMessages.StepFigures(order.Job, node.Name, term, [.. batch]));
            batch.Clear();
        }
    }

    /// <summary>Released before it had started: what is started is let go at once.</summary>
    private void Abandoned()
    {
        Receive<Started>(_ => End());
        Receive<Broke>(_ => End());
    }

    private void OnThread(string name, Action work)
    {
        var self = Self;
        new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception exception)
            {
                // The top of the thread: the actor reports it.
                self.Tell(new Broke(exception, 0, false));
            }
        })
        { Name = name, IsBackground = true }.Start();
    }

    private void Report(Broke broke) => job.Tell(MemberFailure.Describe(order.Job, node.Name, broke.Cause, broke.Term, broke.CanGoOn));

    private void End()
    {
        released = true;
        Context.Stop(Self);
    }
}
