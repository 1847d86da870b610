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

namespace Distributed.Cluster.Nodes;

/// <summary>A connection from outside of a cluster to one of its nodes, which passes on to the coordinator what is asked.</summary>
internal sealed class ClusterClient : IAsyncDisposable
{
    private static readonly TimeSpan Contact = TimeSpan.FromSeconds(20);

    /// <summary>The same while there are further nodes to try.</summary>
    private static readonly TimeSpan ShortContact = TimeSpan.FromSeconds(8);

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
        var distrust = default(string);
        var log = new EventLog("client", "client", Microsoft.Extensions.Logging.LogLevel.Warning, static _ => { });
        var remote = ConfigurationFactory.ParseString("akka.actor.provider = remote").WithFallback(config.Akka);
        var system = ActorSystem.Create("client", ClusterTls.With(
            ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(remote), new AkkaLogSetup(log.Logger)), certificate, (reason, _) => distrust = reason));
        try
        {
            var gateway = await system.ActorSelection($"{address}/user/{NodeActor.Name}").ResolveOne(within, cancellation);
            return new ClusterClient(log, system, gateway, seed, certificate);
        }
        catch (Exception exception)
        {
            await system.Terminate();
            log.Dispose();
            certificate?.Dispose();
            if (exception is ActorNotFoundException)
                throw new BadInputException($"--seed {seed}: {distrust ?? $"no node of a cluster answers there{(certificate is null ? "" : " and speaks TLS")}"}", exception);
            throw;
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
