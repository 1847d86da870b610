using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Jobs;
using Distributed.Cluster.Tests.Serialization;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Nodes;

public sealed class NodeActorTests : TestKit
{
    private readonly IActorRef node;
    private readonly TestProbe coordinator;

    public NodeActorTests() : base(NodeSystem.Start())
    {
        coordinator = CreateTestProbe();
        node = Sys.ActorOf(NodeActor.Props(TestNode.Context("."), new EventRelay(_ => { }), coordinator, () => { }), NodeActor.Name);
    }

    [Fact]
    public void A_node_registers_until_it_ends()
    {
        var info = coordinator.Next<MembershipMessages.Register>().Node;
        Assert.Equal(("node-1", node), (info.Name, info.Actor));
        coordinator.Next<MembershipMessages.Register>();
    }

    [Fact]
    public void A_job_that_is_over_takes_no_part_of_the_next_one_with_it()
    {
        var (old, next) = (CreateTestProbe(), CreateTestProbe());
        var (oldPart, nextPart) = (Train(old), Train(next));
        Sys.Stop(old);
        ExpectTerminated(oldPart, TestNode.Patience);
        nextPart.Tell(new Identify(1), TestActor);
        Assert.Equal(nextPart, ExpectMsg<ActorIdentity>(TestNode.Patience).Subject);
    }

    [Fact]
    public void A_part_that_never_began_is_released_at_once()
    {
        var job = CreateTestProbe();
        node.Tell(new TrainingMessages.Release(Guid.NewGuid(), "server"), job);
        Assert.Equal("node-1", job.Next<TrainingMessages.Released>().Node);
    }

    /// <summary>Whoever hears that a server has let go may give its port to the next job in that moment.</summary>
    [Fact]
    public void A_server_says_that_it_has_let_go_when_its_port_is_free()
    {
        var port = FreePort();
        var observer = new PortObserver(port);
        var job = TinyJob.With();
        using var module = job.Model.Build(job.Seed);
        var layout = ParameterLayout.Of(module);
        var id = Guid.NewGuid();
        var server = Sys.ActorOf(ShardServerActor.Props(
            TestNode.Context(".", dataPort: port),
            new TrainingMessages.Serve(id, job.Text, new byte[32], 1, 0, layout.Hash, [new(0, 0, 0, layout.Length)]), observer));
        Assert.Equal("listening", observer.Next());
        server.Tell(new TrainingMessages.Release(id, "server"));
        Assert.Equal("let go", observer.Next());
    }

    private IActorRef Train(TestProbe job)
    {
        var id = Guid.NewGuid();
        node.Tell(new TrainingMessages.Train(id, "nonsense", new byte[32]), job);
        job.Next<TrainingMessages.MemberFailed>();
        Sys.ActorSelection(node.Path / $"worker-{id:N}").Tell(new Identify(id), TestActor);
        return Watch(ExpectMsg<ActorIdentity>(TestNode.Patience).Subject!);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Looks at the port in the very call that brings the message.</summary>
    private sealed class PortObserver(int port) : MinimalActorRef
    {
        private readonly BlockingCollection<string> seen = [];

        public override ActorPath Path { get; } = new RootActorPath(new Address("akka", "test")) / "observer";

        public override IActorRefProvider Provider => null!;

        public string Next() => seen.TryTake(out var what, TestNode.Patience) ? what : "nothing";

        protected override void TellInternal(object message, IActorRef sender)
        {
            if (message is TrainingMessages.ServerReady or TrainingMessages.Released)
                seen.Add(IsFree() ? "let go" : "listening");
            else if (message is not TrainingMessages.ServerReport)
                seen.Add($"{message}");
        }

        private bool IsFree()
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }
}
