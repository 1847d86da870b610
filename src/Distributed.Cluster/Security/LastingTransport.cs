using System.Reflection;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;
using Akka.Remote.Transport.DotNetty;
using AkkaTransport = Akka.Remote.Transport.Transport;

namespace Distributed.Cluster.Security;

/// <summary>
/// Akka's TCP transport for nodes and clients that speak TLS. By itself that one shuts its actor system down when a handshake fails that this side
/// began, and a handshake fails whenever the other side dies or is cut off in the middle of it: one node's end would be that of all who call it just
/// then. Here it shuts down an actor system of its own, in which there is nothing; what can't be reached is called again, as without TLS.
/// </summary>
internal sealed class LastingTransport : AkkaTransport
{
    private const string Bare = """
        akka.actor.provider = local
        akka.extensions = []
        akka.coordinated-shutdown { terminate-actor-system = off, exit-clr = off, run-by-clr-shutdown-hook = off, run-by-actor-system-terminate = off }
        """;

    private readonly ActorSystem standIn;
    private readonly AkkaTransport tcp;

    /// <summary>Made by Akka, which finds it by <see cref="Over"/>.</summary>
    /// <param name="system">The node's actor system; the transport's own has its name, log and certificate.</param>
    /// <param name="config">What cluster.hocon has at <c>akka.remote.dot-netty.tcp</c>.</param>
    public LastingTransport(ActorSystem system, Config config)
    {
        System = system;
        Config = config;
        standIn = ActorSystem.Create(
            system.Name, system.Settings.Setup.And(BootstrapSetup.Create().WithConfig(ConfigurationFactory.ParseString(Bare).WithFallback(system.Settings.Config))));
        var type = typeof(DotNettySslSetup).Assembly.GetType("Akka.Remote.Transport.DotNetty.TcpTransport", throwOnError: true)!;
        tcp = (AkkaTransport)Activator.CreateInstance(type, BindingFlags.Public | BindingFlags.Instance | BindingFlags.DoNotWrapExceptions, null, [standIn, config], null)!;
    }

    /// <inheritdoc/>
    public override string SchemeIdentifier => tcp.SchemeIdentifier;

    /// <inheritdoc/>
    public override long MaximumPayloadBytes => tcp.MaximumPayloadBytes;

    /// <summary>The configuration of an actor system that uses this transport.</summary>
    public static Config Over(Config akka) => ConfigurationFactory.ParseString(
        $"akka.remote.dot-netty.tcp.transport-class = \"{typeof(LastingTransport).AssemblyQualifiedName}\"").WithFallback(akka);

    /// <inheritdoc/>
    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen() => tcp.Listen();

    /// <inheritdoc/>
    public override bool IsResponsibleFor(Address remote) => tcp.IsResponsibleFor(remote);

    /// <inheritdoc/>
    public override Task<AssociationHandle> Associate(Address remoteAddress) => tcp.Associate(remoteAddress);

    /// <inheritdoc/>
    public override async Task<bool> Shutdown()
    {
        try
        {
            return await tcp.Shutdown();
        }
        finally
        {
            await standIn.Terminate();
        }
    }

    /// <inheritdoc/>
    public override Task<bool> ManagementCommand(object message) => tcp.ManagementCommand(message);
}
