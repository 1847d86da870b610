using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Metrics;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Security;
using Distributed.Cluster.Succession;
using Distributed.Learning;
using Distributed.Transport;
using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Nodes;

/// <summary>One process of a cluster, from its start until it has left.</summary>
internal sealed class TrainerNode : IAsyncDisposable
{
    /// <summary>How long the actor system may take to end.</summary>
    private static readonly TimeSpan EndBound = TimeSpan.FromSeconds(20);

    /// <summary>How long a node that leaves gives the others to hear of it, where one of them can't be reached.</summary>
    private static readonly TimeSpan LeaveTogether = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LookWhetherAlone = TimeSpan.FromMilliseconds(200);

    /// <summary>How long before its end a certificate is warned about.</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    private readonly ActorSystem system;
    private readonly EventLog log;
    private readonly IActorRef node;
    private readonly TimeSpan drain;
    private readonly MetricsServer? metrics;
    private readonly NodeMeters meters;

    private TrainerNode(
        ActorSystem system, EventLog log, IActorRef node, string address, TimeSpan drain, NodeMeters meters, MetricsServer? metrics)
    {
        this.drain = drain;
        this.meters = meters;
        this.metrics = metrics;
        this.system = system;
        this.log = log;
        this.node = node;
        Address = address;
    }

    /// <summary><c>host:port</c>, as other nodes name it as a seed.</summary>
    public string Address { get; }

    /// <summary>Why the cluster, or this node by itself, ended the node's membership; null where nobody did.</summary>
    public string Reason => PartitionEnd.Of(system).Reason ?? "the others did not hear of it for too long, and went on without it";

    /// <summary>Completes when the node has left its cluster, or was removed from it.</summary>
    public Task Terminated => system.WhenTerminated;

    /// <summary>Starts the node and waits until it is a member of its cluster.</summary>
    /// <exception cref="BadInputException">The configuration can't be used, or no seed lets it in.</exception>
    public static async Task<TrainerNode> StartAsync(NodeOptions options, EventSink output, CancellationToken cancellation)
    {
        var config = ClusterConfig.Load(options.ConfigFile, options.Host, options.Port, options.Roles, options.Security);
        var seeds = new SeedList(options.Seeds, options.SeedFile, config.Certificate is not null);
        CheckRoles(config.Certificate, options.Roles);
        // libtorch takes half a second to load: it does so while the node joins. What fails here fails again, and is told, at its first use.
        _ = Task.Run(ComputeThread.Enter, CancellationToken.None);
        var relay = new EventRelay(output, config.Trainer.Log.HoldBack);
        var meters = new NodeMeters(options.Name, options.Roles);
        var log = new EventLog(
            options.Name, string.Join(",", options.Roles), config.Trainer.Log.Level,
            entry =>
            {
                meters.Event(entry.Level);
                relay.Add(entry);
            });
        var refusals = new RefusalLog(log.Logger, TimeProvider.System);
        var akka = config.Certificate is null ? config.Akka : LastingTransport.Over(config.Akka);
        var setup = ClusterTls.With(
            ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(seeds.Over(akka)), new AkkaLogSetup(log.Logger)), config.Certificate,
            (reason, from) => refusals.Add(from, reason, $"{options.Name} refused {from}: {reason}"));
        ActorSystem system;
        try
        {
            system = ActorSystem.Create(ClusterConfig.SystemName, setup);
        }
        catch (ConfigurationException exception)
        {
            log.Dispose();
            throw new BadInputException($"{Path.GetFileName(options.ConfigFile ?? ClusterConfig.ShippedFile)}: {exception.Message}", exception);
        }

        MetricsServer? metrics = null;
        try
        {
            metrics = ServeMetrics(options, meters, log.Logger);
            var cluster = Akka.Cluster.Cluster.Get(system);
            var self = cluster.SelfAddress;
            // At once: a short job can begin and end before the cluster's gossip has made a node a full member.
            log.Logger.NodeStarted($"{self.Host}:{self.Port}", Environment.ProcessorCount);
            TellSecurity(log.Logger, config);
            var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            cluster.RegisterOnMemberUp(() => joined.TrySetResult());
            var context = new NodeContext(
                options.Name, [.. options.Roles], options.Host, options.DataPort, options.DataFolder, options.RunsFolder,
                [.. options.Cores], config.Trainer,
                log.Logger)
            {
                Chaos = options.Chaos,
                FetchesData = options.FetchesData,
                DrawCurves = options.DrawCurves,
                LinkTls = config.Certificate is { } certificate ? new LinkTls(certificate) : null,
                Credentials = new Credentials(config.Certificate, TimeProvider.System),
                DrawConfusion = options.DrawConfusion,
                Meters = meters,
                HistoryFile = options.KeepsHistory ? Path.Combine(options.RunsFolder, JobHistory.Name) : null,
            };
            if (options.Roles.Contains("coordinator"))
            {
                system.ActorOf(ReplicaActor.Props(context), ReplicaActor.Name);
                system.ActorOf(
                    ClusterSingletonManager.Props(
                        CoordinatorActor.Props(context), PoisonPill.Instance,
                        ClusterSingletonManagerSettings.Create(system).WithRole("coordinator")),
                    "coordinator");
            }

            var coordinator = system.ActorOf(
                ClusterSingletonProxy.Props("/user/coordinator", ClusterSingletonProxySettings.Create(system).WithRole("coordinator")),
                "coordinator-proxy");
            // A job may be well under way on this node before the cluster's gossip has made it a full member.
            var node = system.ActorOf(NodeActor.Props(context, relay, coordinator, () => joined.TrySetResult()), NodeActor.Name);
            var since = Environment.TickCount64;
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            try
            {
                var joining = seeds.JoinAsync(cluster, joined.Task, waiting.Token);
                // Akka gives up by itself, too, and ends the actor system.
                var first = await Task.WhenAny(joining, system.WhenTerminated).WaitAsync(config.Trainer.Deadlines.Gather, cancellation);
                if (first != joining)
                    throw new TimeoutException("The actor system has ended.");
                await joining;
            }
            catch (TimeoutException exception)
            {
                throw new BadInputException(
                    $"{seeds}: no cluster there let {options.Name} in within {(Environment.TickCount64 - since) / 1000} s", exception);
            }
            finally
            {
                await waiting.CancelAsync();
            }

            return new TrainerNode(system, log, node, $"{self.Host}:{self.Port}", config.Trainer.Deadlines.Drain, meters, metrics);
        }
        catch
        {
            await system.Terminate();
            metrics?.Dispose();
            meters.Dispose();
            log.Dispose();
            throw;
        }
    }

    /// <summary>Submits a job to the coordinator in this process and waits for its end.</summary>
    /// <param name="outFolder">The run's folder, on the coordinator's machine.</param>
    /// <param name="interrupt">Asks for a checkpoint and the job's end; the outcome still comes.</param>
    /// <param name="checkpoint">The folder of the checkpoint that the run goes on from; null: it begins.</param>
    public async Task<JobOutcome> RunJobAsync(
        Job job, string? outFolder, Action<RunProgress> progress, CancellationToken interrupt, string? checkpoint = null)
    {
        var outcome = new TaskCompletionSource<JobOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var submitter = system.ActorOf(SubmitterActor.Props(node, job.Name, job.Text, outFolder, progress, outcome, checkpoint, here: true));
        await using var asked = interrupt.Register(() => submitter.Tell(SubmitterActor.Interrupt.Instance));
        return await outcome.Task;
    }

    /// <summary>Tells the cluster that a node's process has ended, by whoever started it: sooner and surer than by silence.</summary>
    public void ReportEnded(string nodeName, string how) => node.Tell(new MembershipMessages.ProcessEnded(nodeName, how));

    /// <summary>How the cluster stands, and the job that runs or ran last.</summary>
    /// <exception cref="AskTimeoutException">The coordinator gave no answer within <paramref name="bound"/>.</exception>
    public async Task<ClusterStatus> StatusAsync(TimeSpan bound) =>
        (await node.Ask<WatchMessages.Status>(new WatchMessages.AskStatus(null), bound)).Cluster;

    /// <summary>
    /// Hands over what this node does: a worker its slots, a server its shards, a coordinator's job ends with a checkpoint.
    /// </summary>
    /// <returns>False: that has not come to its end within the deadline for it.</returns>
    public async Task<bool> DrainAsync()
    {
        try
        {
            await node.Ask<NodeActor.Drained>(NodeActor.Drain.Instance, drain);
            return true;
        }
        catch (AskTimeoutException)
        {
            return false;
        }
    }

    /// <summary>
    /// Leaves the cluster in order; after <paramref name="bound"/> it is left anyway. In order it takes all members, so while one of them can't be reached nobody is
    /// let go: then this node tells the others that it is down and ends, and they need not wait to find that out by its silence.
    /// </summary>
    public async Task LeaveAsync(TimeSpan bound)
    {
        var cluster = Akka.Cluster.Cluster.Get(system);
        var leaving = CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
        for (var since = Environment.TickCount64; await Task.WhenAny(leaving, Task.Delay(LookWhetherAlone)) != leaving;)
        {
            var took = TimeSpan.FromMilliseconds(Environment.TickCount64 - since);
            if (took < bound && (took < LeaveTogether || !cluster.State.Unreachable.Any(IsInTheWay)))
                continue;
            cluster.Down(cluster.SelfAddress);
            break;
        }

        if (await Task.WhenAny(leaving, Task.Delay(bound)) != leaving)
            await Task.WhenAny(system.Terminate(), Task.Delay(bound));

        bool IsInTheWay(Member member) => member.Status is not (MemberStatus.Down or MemberStatus.Exiting) && !member.Address.Equals(cluster.SelfAddress);
    }

    private static void CheckRoles(NodeCertificate? certificate, IReadOnlyList<string> roles)
    {
        if (certificate is null || roles.FirstOrDefault(role => !certificate.Roles.Contains(role)) is not { } missing)
            return;
        var allowed = string.Join(", ", certificate.Roles.Order(StringComparer.Ordinal));
        throw new BadInputException($"--role {missing}: the certificate of '{certificate.Name}' is only for {allowed}; 'trainer certs issue' makes one for {missing}");
    }

    private static void TellSecurity(ILogger log, ClusterConfig config)
    {
        if (config.IsInsecure)
            log.Insecure(config.Address);
        if (config.Certificate is not { } certificate)
            return;
        var end = $"{certificate.NotAfter.UtcDateTime:u}";
        log.Secured(certificate.Name, string.Join(",", certificate.Roles.Order(StringComparer.Ordinal)), end);
        if (certificate.NotAfter - DateTimeOffset.UtcNow < RenewBefore)
            log.CertificateEnds(certificate.Name, end);
    }

    public async ValueTask DisposeAsync()
    {
        if (!system.WhenTerminated.IsCompleted)
            await Task.WhenAny(system.Terminate(), Task.Delay(EndBound));
        metrics?.Dispose();
        meters.Dispose();
        log.Dispose();
    }

    private static MetricsServer? ServeMetrics(NodeOptions options, NodeMeters meters, ILogger log)
    {
        if (options.MetricsPort is not { } port)
            return null;
        var page = new MetricsPage(meters, options.Name);
        try
        {
            var address = IPAddress.TryParse(options.MetricsHost, out var parsed) ? parsed : Dns.GetHostAddresses(options.MetricsHost)[0];
            var server = new MetricsServer(address, port, page, new HealthCheck(meters));
            log.MetricsServed($"http://{server.Endpoint}/");
            return server;
        }
        catch (SocketException exception)
        {
            page.Dispose();
            throw new BadInputException($"--metrics-port {port}: {options.MetricsHost}:{port} can't be opened: {exception.Message}", exception);
        }
    }
}
