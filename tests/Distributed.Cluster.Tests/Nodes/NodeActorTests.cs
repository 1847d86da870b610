using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
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
    private static readonly TimeSpan LongerThanTrimming = TimeSpan.FromSeconds(0.5);

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
    public void What_a_lost_coordinator_had_done_here_waits_for_its_successor_until_another_job_runs()
    {
        var (old, next) = (CreateTestProbe(), CreateTestProbe());
        var ((oldJob, oldPart), (nextJob, nextPart)) = (Train(old), Train(next));
        Sys.Stop(old);
        coordinator.Send(node, new MembershipMessages.Registered("node-2", 2, oldJob));
        Assert.True(IsThere(oldPart));
        // Again and again, as coordinators do: the node may not have heard of the loss yet.
        Sys.Scheduler.ScheduleTellRepeatedly(
            TimeSpan.Zero, TimeSpan.FromMilliseconds(20), node, new MembershipMessages.Registered("node-2", 2, nextJob), coordinator);
        ExpectTerminated(oldPart, TestNode.Patience);
        Assert.True(IsThere(nextPart));
    }

    [Fact]
    public void What_no_coordinator_asks_for_is_given_up_in_time()
    {
        var impatient = TestNode.Context(".");
        impatient = impatient with
        {
            Settings = impatient.Settings with { Deadlines = impatient.Settings.Deadlines with { Coordinator = TimeSpan.FromMilliseconds(100) } },
        };
        var other = Sys.ActorOf(NodeActor.Props(impatient, new EventRelay(_ => { }), coordinator, () => { }), "impatient");
        var job = CreateTestProbe();
        var (_, part) = Train(job, other);
        Sys.Stop(job);
        ExpectTerminated(part, TestNode.Patience);
    }

    [Fact]
    public void A_jobs_new_coordinator_is_obeyed_and_the_former_one_no_longer()
    {
        var (former, next) = (CreateTestProbe(), CreateTestProbe());
        var (id, part) = Train(former);
        node.Tell(new TrainingMessages.Adopt(id), next);
        // The node and its part answer each by itself.
        var answers = new List<object>();
        next.FishForMessage(
            answer =>
            {
                answers.Add(answer);
                return answers.OfType<TrainingMessages.Adopted>().Any() && answers.OfType<TrainingMessages.WorkerHere>().Any();
            },
            TestNode.Patience);
        var adopted = answers.OfType<TrainingMessages.Adopted>().First();
        Assert.Equal(("node-1", true, false), (adopted.Node, adopted.Worker, adopted.Server));
        Assert.False(answers.OfType<TrainingMessages.WorkerHere>().First().Prepared);
        // It is told that nothing is left to release, and nothing is.
        node.Tell(new TrainingMessages.Release(id, "worker"), former);
        former.Next<TrainingMessages.Released>();
        Assert.True(IsThere(part));
        node.Tell(new TrainingMessages.Release(id, "worker"), next);
        ExpectTerminated(part, TestNode.Patience);
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

    [Fact]
    public void Freed_memory_goes_back_to_the_system_unless_the_node_trains()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var job = CreateTestProbe();
        var (id, part) = Train(job);
        using var pieces = new ScatteredMemory();
        var full = ScatteredMemory.Resident();
        pieces.FreeMost();
        Tidy();
        ExpectNoMsg(LongerThanTrimming);
        Assert.InRange(ScatteredMemory.Resident(), full - (ScatteredMemory.Bytes / 2), long.MaxValue);

        node.Tell(new TrainingMessages.Release(id, "worker"), job);
        ExpectTerminated(part, TestNode.Patience);
        // The node hears of its part's end, too, perhaps a moment later.
        AwaitAssert(
            () =>
            {
                Tidy();
                Assert.InRange(ScatteredMemory.Resident(), 0, full - (ScatteredMemory.Bytes / 2));
            },
            TestNode.Patience);

        void Tidy()
        {
            node.Tell(NodeActor.Tidy.Instance);
            Assert.True(IsThere(node));
        }
    }

    private (Guid Id, IActorRef Part) Train(TestProbe job, IActorRef? by = null)
    {
        var id = Guid.NewGuid();
        by ??= node;
        by.Tell(new TrainingMessages.Train(id, "nonsense", new byte[32]), job);
        job.Next<TrainingMessages.MemberFailed>();
        Sys.ActorSelection(by.Path / $"worker-{id:N}").Tell(new Identify(id), TestActor);
        return (id, Watch(ExpectMsg<ActorIdentity>(TestNode.Patience).Subject!));
    }

    private bool IsThere(IActorRef part)
    {
        part.Tell(new Identify(part), TestActor);
        return part.Equals(ExpectMsg<ActorIdentity>(TestNode.Patience).Subject);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Much memory of the C library's heap in small pieces, of which some stay: what lies between them is freed and still the process's.</summary>
    private sealed unsafe class ScatteredMemory : IDisposable
    {
        public const long Bytes = 256L << 20;
        private const int Piece = 1024;
        private const int Kept = 64;

        private readonly nint[] pieces = new nint[Bytes / Piece];

        public ScatteredMemory()
        {
            for (var i = 0; i < pieces.Length; i++)
            {
                pieces[i] = (nint)NativeMemory.Alloc(Piece);
                NativeMemory.Fill((void*)pieces[i], Piece, 1);
            }
        }

        public static long Resident() => 1024 * long.Parse(
            File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal)).Split(' ')[^2], CultureInfo.InvariantCulture);

        public void FreeMost()
        {
            for (var i = 0; i < pieces.Length; i++)
                if (i % Kept != 0)
                    Free(ref pieces[i]);
        }

        public void Dispose()
        {
            for (var i = 0; i < pieces.Length; i++)
                Free(ref pieces[i]);
        }

        private static void Free(ref nint piece)
        {
            NativeMemory.Free((void*)piece);
            piece = 0;
        }
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
