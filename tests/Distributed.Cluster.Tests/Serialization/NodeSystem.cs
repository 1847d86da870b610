using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Distributed.Cluster.Configuration;

namespace Distributed.Cluster.Tests.Serialization;

/// <summary>Actor systems with the nodes' real configuration, on a free port of this machine.</summary>
internal static class NodeSystem
{
    public static ActorSystem Start(string changes = "", params Setup[] setups)
    {
        var config = ConfigurationFactory.ParseString(changes).WithFallback(ClusterConfig.Load(null, roles: ["coordinator"]).Akka);
        return ActorSystem.Create(ClusterConfig.SystemName, setups.Aggregate(
            ActorSystemSetup.Empty.And(BootstrapSetup.Create().WithConfig(config)), (all, setup) => all.And(setup)));
    }
}
