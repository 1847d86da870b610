using Akka.Actor;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// The parameter server of one shard: owns the shard's rules, optimizer and thread. It decides who may change the shard (terms);
/// the gradients themselves reach the shard over the data plane and never as messages.
/// </summary>
internal sealed class ParameterServerActor : ReceiveActor
{
    private readonly Shard shard;

    public ParameterServerActor(Shard shard)
    {
        this.shard = shard;
        Receive<TrainingMessages.RaiseTerm>(raise => shard.RaiseTerm(raise.Term));
        Receive<TrainingMessages.DescribeShard>(_ =>
            Sender.Tell(new TrainingMessages.ShardStatus(shard.Range.Shard, shard.Version, [.. shard.Missing])));
    }

    public static Props Props(Shard shard) => Akka.Actor.Props.Create(() => new ParameterServerActor(shard));

    protected override void PreStart() => shard.Start();

    protected override void PostStop() => shard.Stop();
}
