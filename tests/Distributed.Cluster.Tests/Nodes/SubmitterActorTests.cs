using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Tests.Nodes;

public sealed class SubmitterActorTests : TestKit
{
    private readonly TaskCompletionSource<JobOutcome> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TestProbe gateway;
    private readonly Guid id = Guid.NewGuid();

    public SubmitterActorTests() => gateway = CreateTestProbe();

    [Fact]
    public async Task A_rejected_job_is_bad_input()
    {
        Start(_ => { });
        gateway.Next<JobMessages.Submit>().Submitter.Tell(new JobMessages.Rejected("tiny.hocon: batch: missing"));
        Assert.Equal(new JobOutcome(JobStatus.BadInput, "tiny.hocon: batch: missing", null, null), await Outcome());
    }

    [Fact]
    public async Task An_interrupt_that_comes_before_the_job_is_accepted_is_passed_on_afterwards()
    {
        var submitter = Start(_ => { });
        submitter.Tell(SubmitterActor.Interrupt.Instance);
        submitter.Tell(new JobMessages.Accepted(id, "runs/tiny"));
        Assert.Equal(id, gateway.Next<JobMessages.Interrupt>().Job);
        submitter.Tell(new JobMessages.Ended(id, JobStatus.Interrupted, "stopped", "runs/tiny", null));
        Assert.Equal(JobStatus.Interrupted, (await Outcome()).Status);
    }

    [Fact]
    public async Task A_view_that_fails_gets_its_failure_back_and_the_job_is_not_submitted_again()
    {
        var submitter = Start(_ => throw new IOException("Broken pipe"));
        gateway.Next<JobMessages.Submit>();
        Watch(submitter);
        submitter.Tell(new JobMessages.Progress(id, new RunProgress("tiny", "training", 1, 1, 0, 1, 0, null, null, 0, 0, [], [], [])));
        Assert.Equal("Broken pipe", (await Assert.ThrowsAsync<IOException>(Outcome)).Message);
        ExpectTerminated(submitter, TestNode.Patience);
        Assert.False(gateway.HasMessages);
    }

    [Fact]
    public async Task A_submitter_that_hears_nothing_asks_to_be_told_again()
    {
        var submitter = Start(_ => { });
        gateway.Next<JobMessages.Submit>();
        submitter.Tell(new JobMessages.Accepted(id, "runs/tiny"));
        Assert.Equal(id, gateway.Next<JobMessages.Follow>().Job);
        submitter.Tell(new JobMessages.Ended(id, JobStatus.Completed, null, "runs/tiny", null));
        Assert.Equal(JobStatus.Completed, (await Outcome()).Status);
    }

    [Fact]
    public async Task A_submitter_whose_node_leaves_ends_with_a_reason()
    {
        Sys.Stop(Start(_ => { }));
        Assert.Equal((JobStatus.Failed, "this process left the cluster"), ((await Outcome()).Status, (await Outcome()).Reason));
    }

    private IActorRef Start(Action<RunProgress> progress) => Sys.ActorOf(SubmitterActor.Props(gateway.Ref, "tiny", "", null, progress, outcome));

    private Task<JobOutcome> Outcome() => outcome.Task.WaitAsync(TestNode.Patience);
}
