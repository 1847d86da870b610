using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Tests.Serialization;

/// <summary>Two nodes in this process with the real configuration, which talk over real sockets.</summary>
public sealed class TwoNodesTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ActorSystem _first = NodeSystem.Start();
    private readonly ActorSystem _second = NodeSystem.Start("akka.cluster.roles = [worker]");

    public async Task InitializeAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var head = Akka.Cluster.Cluster.Get(_first);
        await head.JoinAsync(head.SelfAddress, patience.Token);
        await Akka.Cluster.Cluster.Get(_second).JoinAsync(head.SelfAddress, patience.Token);
    }

    public async Task DisposeAsync()
    {
        await _second.Terminate();
        await _first.Terminate();
    }

    [Fact]
    public async Task Members_join_and_reach_the_singleton_under_strict_serialization()
    {
        _first.ActorOf(ClusterSingletonManager.Props(Props.Create(() => new Echo()), PoisonPill.Instance, ClusterSingletonManagerSettings.Create(_first)), "jobs");
        var proxy = _second.ActorOf(ClusterSingletonProxy.Props("/user/jobs", ClusterSingletonProxySettings.Create(_second)), "jobs-proxy");

        var control = new LogEvent(DateTimeOffset.UnixEpoch, "worker-1", "worker", "info", "worker-joined", [new("slots", "0")]);
        Assert.Equivalent(control, await proxy.Ask<LogEvent>(control, Patience), strict: true);

        var tensors = new TrainingMessages.Connect(Guid.NewGuid(), [1], [], [new(0, 0, 0, 16)]);
        Assert.Equivalent(tensors, await proxy.Ask<TrainingMessages.Connect>(tensors, Patience), strict: true);
    }

    [Fact]
    public async Task A_watched_node_that_leaves_is_noticed()
    {
        var echo = _second.ActorOf(Props.Create(() => new Echo()), "echo");
        var address = Akka.Cluster.Cluster.Get(_second).SelfAddress;
        var remote = await _first.ActorSelection(new RootActorPath(address) / "user" / "echo").ResolveOne(Patience);
        using var inbox = Inbox.Create(_first);
        inbox.Watch(remote);
        _second.Stop(echo);
        Assert.Equal(remote, Assert.IsType<Terminated>(await inbox.ReceiveAsync(Patience)).ActorRef);
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }
}
