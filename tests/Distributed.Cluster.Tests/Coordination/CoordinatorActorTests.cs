using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Jobs;
using Distributed.Cluster.Tests.Nodes;
using Distributed.Cluster.Tests.Serialization;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>The coordinator with nodes and submitters that probes play.</summary>
public sealed class CoordinatorActorTests : TestKit
{
    private readonly TemporaryFolder folder = new();
    private readonly IActorRef coordinator;
    private readonly TestProbe submitter;

    public CoordinatorActorTests() : base(NodeSystem.Start())
    {
        coordinator = Sys.ActorOf(CoordinatorActor.Props(TestNode.Context(folder.Path)));
        submitter = CreateTestProbe();
    }

    [Fact]
    public void A_job_that_cannot_be_is_rejected_with_its_line()
    {
        coordinator.Tell(new JobMessages.Submit("tiny", TinyJob.Text + "\nepoch = 3", null, submitter));
        Assert.Equal("tiny.hocon: epoch: unknown key; did you mean 'epochs'?", submitter.Next<JobMessages.Rejected>().Reason);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Jobs_submitted_in_one_second_get_a_folder_each()
    {
        var folders = Enumerable.Range(0, 4).Select(_ => Submit(submitter).OutFolder).ToArray();
        Assert.Equal(4, folders.Distinct().Count());
    }

    [Fact]
    public void A_waiting_job_is_heard_of_and_can_be_interrupted()
    {
        Submit(submitter);
        var second = CreateTestProbe();
        var accepted = Submit(second);
        Assert.Equal("waiting for 1 other job", second.Next<JobMessages.Progress>().Snapshot.Phase);
        coordinator.Tell(new JobMessages.Interrupt(accepted.Job));
        Assert.Equal(JobStatus.Interrupted, second.Next<JobMessages.Ended>().Status);
    }

    [Fact]
    public void A_job_whose_folder_is_gone_has_failed_and_the_next_one_runs()
    {
        var accepted = Submit(submitter);
        submitter.Next<JobMessages.Progress>();
        Directory.Delete(accepted.OutFolder, recursive: true);
        coordinator.Tell(new JobMessages.Interrupt(accepted.Job));
        var ended = submitter.Next<JobMessages.Ended>();
        Assert.Equal(JobStatus.Failed, ended.Status);
        Assert.StartsWith("the job's coordinator failed: ", ended.Reason, StringComparison.Ordinal);
        var next = CreateTestProbe();
        Submit(next);
        next.FishForMessage(message => message is JobMessages.Progress { Snapshot.Phase: "gathering nodes" }, TestNode.Patience);
    }

    [Fact]
    public void A_node_that_was_started_anew_is_a_new_member()
    {
        var (worker, server, restarted) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        coordinator.Tell(new MembershipMessages.Register(TestNode.Info("w-1", "worker", worker)));
        coordinator.Tell(new MembershipMessages.Register(TestNode.Info("s-1", "server", server)));
        var id = Submit(submitter, "workers=1").Job;
        worker.Next<TrainingMessages.Train>();
        coordinator.Tell(new MembershipMessages.Register(TestNode.Info("w-1", "worker", restarted)));
        Assert.Equal(id, restarted.Next<TrainingMessages.Train>().Job);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        folder.Dispose();
    }

    private JobMessages.Accepted Submit(TestProbe from, params string[] sets)
    {
        coordinator.Tell(new JobMessages.Submit("tiny", TinyJob.With(sets).Text, null, from));
        return from.Next<JobMessages.Accepted>();
    }
}
