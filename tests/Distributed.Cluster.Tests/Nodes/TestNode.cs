using Akka.Actor;
using Akka.TestKit;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Distributed.Cluster.Tests.Nodes;

/// <summary>What actors under test are told of their node, and what they hear from members played by probes.</summary>
internal static class TestNode
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static NodeContext Context(string runs, double gatherSeconds = 60, double stepSeconds = 60, int dataPort = 0, double silenceSeconds = 600) => new(
        "node-1", ["coordinator"], "127.0.0.1", dataPort, ".", runs, [],
        new TrainerSettings(
            TimeSpan.FromMilliseconds(50),
            new Deadlines(
                TimeSpan.FromSeconds(gatherSeconds), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(stepSeconds), 20, TimeSpan.FromSeconds(10),
                TimeSpan.FromSeconds(silenceSeconds), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(20)),
            TimeSpan.FromMilliseconds(20),
            new LogSettings(LogLevel.Information, TimeSpan.FromMilliseconds(10))),
        NullLogger.Instance);

    public static MembershipMessages.NodeInfo Info(string name, string role, IActorRef actor) =>
        new(name, [role], $"akka.tcp://trainer@10.0.0.1:{name.Length}", 1, 1, actor);

    /// <summary>The next message of a type; others before it are passed over.</summary>
    public static T Next<T>(this TestProbe probe) => (T)probe.FishForMessage(message => message is T, Patience);
}
