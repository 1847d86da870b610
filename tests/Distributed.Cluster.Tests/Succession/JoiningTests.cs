using Akka.Actor;
using Akka.Cluster;
using Akka.TestKit.Xunit2;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Succession;
using Distributed.Cluster.Tests.Jobs;
using Distributed.Cluster.Tests.Nodes;
using Distributed.Cluster.Tests.Serialization;

namespace Distributed.Cluster.Tests.Succession;

/// <summary>A second node that may be coordinator is there, and is about to be a member: this one takes its time with that.</summary>
public sealed class JoiningTests : TestKit
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    private readonly TemporaryFolder folder = new();
    private readonly ActorSystem second = NodeSystem.Start();
    private readonly IActorRef coordinator;

    public JoiningTests() : base(NodeSystem.Start("akka.cluster.leader-actions-interval = 3s"))
    {
        var head = Akka.Cluster.Cluster.Get(Sys);
        head.Join(head.SelfAddress);
        AwaitCondition(() => head.SelfMember.Status is MemberStatus.Up, TestNode.Patience, LookEvery);
        coordinator = Sys.ActorOf(CoordinatorActor.Props(TestNode.Context(folder.Path)));
        second.ActorOf(ReplicaActor.Props(TestNode.Context(folder.Path)), ReplicaActor.Name);
        Akka.Cluster.Cluster.Get(second).Join(head.SelfAddress);
        AwaitCondition(() => head.State.Members.Any(member => member.Status is MemberStatus.Joining), TestNode.Patience, LookEvery);
    }

    private bool BothAreMembers => Akka.Cluster.Cluster.Get(Sys).State.Members.Count(member => member.Status is MemberStatus.Up) == 2;

    [Fact]
    public void A_job_begins_once_it_is_one()
    {
        var submitter = CreateTestProbe();
        coordinator.Tell(new JobMessages.Submit("tiny", TinyJob.With([]).Text, null, submitter));
        submitter.Next<JobMessages.Accepted>();
        Assert.False(BothAreMembers);
        submitter.FishForMessage(message => message is JobMessages.Progress { Snapshot.Phase: "gathering nodes" }, TestNode.Patience);
        Assert.True(BothAreMembers);
    }

    [Fact]
    public void What_it_is_to_keep_counts_once_it_is_one()
    {
        var asker = CreateTestProbe();
        var replica = Sys.ActorSelection(new RootActorPath(Akka.Cluster.Cluster.Get(second).SelfAddress) / "user" / ReplicaActor.Name);
        replica.Tell(new SuccessionMessages.Promise(1, Guid.NewGuid()), asker);
        asker.ExpectNoMsg(TimeSpan.FromMilliseconds(500));
        Assert.False(BothAreMembers);
        AwaitAssert(
            () =>
            {
                replica.Tell(new SuccessionMessages.Promise(2, Guid.Empty), asker);
                asker.ExpectMsg<SuccessionMessages.Promised>(TimeSpan.FromSeconds(1));
            },
            TestNode.Patience, LookEvery);
        Assert.True(BothAreMembers);
    }

    protected override void AfterAll()
    {
        // The actors write into the folder for as long as they live.
        Shutdown(second, verifySystemShutdown: true);
        Shutdown(Sys, verifySystemShutdown: true);
        base.AfterAll();
        folder.Dispose();
    }
}
