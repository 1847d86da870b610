using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Security;
using Distributed.Learning;
using Distributed.Transport;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Distributed.Cluster.Nodes;

/// <summary>A connection from outside of a cluster to one of its nodes, which passes on to the coordinator what is asked.</summary>
internal sealed class ClusterClient : IAsyncDisposable
{
    private static readonly TimeSpan Contact = TimeSpan.FromSeconds(20);

    /// <summary>The same while there are further nodes to try.</summary>
    private static readonly TimeSpan ShortContact = TimeSpan.FromSeconds(8);

    /// <summary>Until a node whose handshake broke off is called again: longer than Akka calls nobody there (<c>retry-gate-closed-for</c>).</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>A coordinator that is asked, and answers nothing for so long, is gone.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(20);

    private readonly EventLog log;
    private readonly NodeCertificate? certificate;
    private readonly string seed;

    private ClusterClient(EventLog log, ActorSystem system, IActorRef gateway, string seed, NodeCertificate? certificate)
    {
        this.certificate = certificate;
        Credentials = new Credentials(certificate, TimeProvider.System);
        this.log = log;
        this.seed = seed;
        System = system;
        Gateway = gateway;
    }

    /// <summary>This side's actor system.</summary>
    public ActorSystem System { get; }

    /// <summary>Signs what this client asks for.</summary>
    public Credentials Credentials { get; }

    /// <summary>The node's actor that takes messages from outside.</summary>
    public IActorRef Gateway { get; }

    /// <summary>Connects to the first of the nodes at <paramref name="seeds"/> (<c>host:port</c>) that answers; they are tried in turn.</summary>
    /// <param name="security">Where certificates are, and whether to go without; null leaves it to the configuration.</param>
    /// <exception cref="BadInputException">No node answers at any of them, or TLS is needed and missing.</exception>
    public static async Task<ClusterClient> ConnectAsync(
        IReadOnlyList<string> seeds, string? configFile, CancellationToken cancellation, SecurityOptions? security = null)
    {
        var problems = new List<BadInputException>();
        foreach (var seed in seeds)
            try
            {
                return await ConnectAsync(seed, seed == seeds[^1] ? Contact : ShortContact, configFile, cancellation, security);
            }
            catch (BadInputException exception) when (seeds.Count > 1)
            {
                // What is wrong with one may not be with the next.
                problems.Add(exception);
            }

        throw new BadInputException(string.Join("; ", problems.Select(problem => problem.Message).Distinct()), problems[^1]);
    }

    private static async Task<ClusterClient> ConnectAsync(
        string seed, TimeSpan within, string? configFile, CancellationToken cancellation, SecurityOptions? security)
    {
        ClusterConfig.SeedAddress(seed);
        var config = ClusterConfig.Load(configFile, AddressTowards(seed), 0, security: security);
        var certificate = config.Certificate;
        var address = ClusterConfig.SeedAddress(seed, certificate is not null);
        var distrust = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var log = new EventLog("client", "client", Microsoft.Extensions.Logging.LogLevel.Warning, static _ => { });
        var akka = certificate is null ? config.Akka : LastingTransport.Over(config.Akka);
        var remote = ConfigurationFactory.ParseString("akka.actor.provider = remote").WithFallback(akka);
        var system = ActorSystem.Create("client", ClusterTls.With(
            ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(remote), new AkkaLogSetup(log.Logger)), certificate, Distrust));
        var waited = Stopwatch.StartNew();
        try
        {
            var node = system.ActorSelection($"{address}/user/{NodeActor.Name}");
            var gateway = await FindAsync(node, within, distrust.Task, cancellation);
            var left = within - waited.Elapsed - Pause;
            if (gateway is null && certificate is not null && left > TimeSpan.Zero && await Task.WhenAny(distrust.Task, Task.Delay(Pause, cancellation)) != distrust.Task)
                gateway = await FindAsync(node, left, distrust.Task, cancellation);
            if (gateway is not null)
                return new ClusterClient(log, system, gateway, seed, certificate);
            var problem = distrust.Task.IsCompleted ? await distrust.Task
                : certificate is null ? "no node of a cluster answers there" : "no node of a cluster answers there and speaks TLS";
            throw new BadInputException($"--seed {seed}: {problem}");
        }
        catch (Exception)
        {
            await system.Terminate();
            log.Dispose();
            certificate?.Dispose();
            throw;
        }

        void Distrust(string reason, string peer)
        {
            // Of the node that is called; whoever calls this process meanwhile has nothing to do with it.
            if (ClusterTls.DialledHost(peer) is not null)
                distrust.TrySetResult(reason);
        }
    }

    /// <summary>Asks a node's gateway who it is; null if it does not answer, or once it is known that it is not trusted.</summary>
    private static async Task<IActorRef?> FindAsync(ActorSelection node, TimeSpan within, Task distrust, CancellationToken cancellation)
    {
        var found = node.ResolveOne(within, cancellation);
        await Task.WhenAny(found, distrust);
        if (distrust.IsCompleted)
            return null;
        try
        {
            return await found;
        }
        catch (ActorNotFoundException)
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    /// <summary>Asks the coordinator; its answer must be of the type <typeparamref name="T"/>.</summary>
    /// <exception cref="BadInputException">It answers that it can't.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task<T> AskAsync<T>(IControlMessage question, CancellationToken cancellation)
    {
        object answer;
        try
        {
            answer = await Gateway.Ask(question, AnswerWithin, cancellation);
        }
        catch (AskTimeoutException exception)
        {
            throw new TimeoutException($"--seed {seed}: the cluster's coordinator did not answer within {AnswerWithin.TotalSeconds:F0} s", exception);
        }

        return answer switch
        {
            T expected => expected,
            WatchMessages.Answer refused => throw new BadInputException(refused.Line),
            _ => throw new InvalidOperationException($"{seed} answered with {answer.GetType().Name}: its program is of another version"),
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await System.Terminate();
        log.Dispose();
        certificate?.Dispose();
    }

    /// <summary>The address of this machine that the seed's machine can answer to: the one that packets to it would leave from.</summary>
    private static string AddressTowards(string seed)
    {
        var colon = seed.LastIndexOf(':');
        try
        {
            using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(seed[..colon], int.Parse(seed.AsSpan(colon + 1), CultureInfo.InvariantCulture));
            var local = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return (local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local).ToString();
        }
        catch (SocketException exception)
        {
            throw new BadInputException($"--seed {seed}: {exception.Message}", exception);
        }
    }
}
