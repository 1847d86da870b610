using Akka.Actor;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// The parameter server of one shard: owns the shard's rules, optimizer and thread for as long as it lives. Gradients and terms reach the
/// shard over the data plane and its server, and never as messages.
/// </summary>
internal sealed class ParameterServerActor(Shard shard) : ReceiveActor
{
    public static Props Props(Shard shard) => Akka.Actor.Props.Create(() => new ParameterServerActor(shard));

    protected override void PreStart() => shard.Start();

    protected override void PostStop() => shard.Stop();
}
