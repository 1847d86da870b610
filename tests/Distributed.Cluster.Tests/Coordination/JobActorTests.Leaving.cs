using Akka.Actor;
using Akka.TestKit;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Nodes;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>Nodes that were told to end, and the user who wants a job to end, at moments when that is not easy.</summary>
public sealed partial class JobActorTests
{
    [Fact]
    public void A_worker_that_leaves_finishes_its_slot_and_its_slots_go_to_the_others()
    {
        var job = Training();
        job.Tell(new JobActor.NodeLeaving("w-2"));
        Assert.Equal(2, second.Next<TrainingMessages.Halt>().Term);
        // Told again and again, as nodes do that may not leave yet.
        job.Tell(new JobActor.NodeLeaving("w-2"));
        job.Tell(new TrainingMessages.Halted(id, "w-2", 2));
        second.Next<TrainingMessages.Release>();
        job.Tell(new TrainingMessages.Released(id, "w-2", "worker", 0));
        GoOnAlone(job, term: 2);
        job.Tell(new JobActor.NodeGone("w-2", "it left the cluster"));

        Report(job, "w-1", 1, Step(0, 0, 1));
        var going = submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot is { Phase: "training", Step: 1 }, TestNode.Patience);
        Assert.DoesNotContain(going.Snapshot.Notices, notice => notice.Contains("is lost", StringComparison.Ordinal));
        Assert.Equal(0, Cancelled(job, first).Restarts);
    }

    [Fact]
    public void Before_the_last_workers_leave_what_they_made_is_written_down()
    {
        var job = Training("min-workers=2");
        job.Tell(new JobActor.NodeLeaving("w-2"));
        first.Next<TrainingMessages.Pause>();
        // Nobody is let go before.
        Assert.Equal("training", Next(job).Phase);
        Assert.False(second.HasMessages && second.ReceiveOne(TimeSpan.Zero) is not TrainingMessages.BePatient);
    }

    [Fact]
    public void Workers_hold_while_the_shards_of_a_server_that_leaves_are_written_and_go_on_where_that_fails()
    {
        var job = Training();
        job.Tell(new JobActor.NodeLeaving("s-1"));
        first.Next<TrainingMessages.Pause>();
        // Nobody listens where this server is said to be.
        job.Tell(new TrainingMessages.Paused(id, "w-1", 1, 0));
        first.Next<TrainingMessages.Continue>();
        submitter.FishForMessage<JobMessages.Progress>(
            progress => progress.Snapshot.Notices.Any(notice => notice.StartsWith("warning: the checkpoint of step 0 was not written", StringComparison.Ordinal)),
            TestNode.Patience);
    }

    [Fact]
    public void What_a_worker_held_under_an_earlier_term_is_not_read()
    {
        var job = Training();
        job.Tell(new JobMessages.Interrupt(id));
        first.Next<TrainingMessages.Pause>();
        job.Tell(new JobActor.NodeGone("w-2", "its process was killed"));
        GoOnAlone(job, term: 2);
        first.Next<TrainingMessages.Pause>();
        job.Tell(new TrainingMessages.Paused(id, "w-1", 1, 0));
        job.Tell(new TrainingMessages.ServerReport(id, "s-1", 2, 0, []));
        Assert.Equal("training", Next(job).Phase);
        job.Tell(new TrainingMessages.Paused(id, "w-1", 2, 0));
        submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot.Phase is "saving" or "failing", TestNode.Patience);
    }

    [Fact]
    public void A_job_that_waits_for_nodes_ends_when_it_is_told_to()
    {
        var job = Training("min-workers=2");
        job.Tell(new JobActor.NodeGone("w-2", "its process was killed"));
        first.Next<TrainingMessages.Halt>();
        // Before it waits: nothing of it may be forgotten then.
        job.Tell(new JobMessages.Interrupt(id));
        job.Tell(new TrainingMessages.Halted(id, "w-1", 2));
        job.Tell(new TrainingMessages.Fenced(id, "s-1", 2, [new(0, 0)]));
        Release(job, first, "w-1", "worker");
        Release(job, server, "s-1", "server");
        var ended = submitter.Next<JobMessages.Ended>();
        Assert.Equal(JobStatus.Interrupted, ended.Status);
        Assert.StartsWith("stopped while it waited: it needs 2 workers, and there is 1; without a new checkpoint:", ended.Reason, StringComparison.Ordinal);
    }

    private void GoOnAlone(IActorRef job, long term, long version = 0)
    {
        Assert.Equal(term, first.Next<TrainingMessages.Halt>().Term);
        job.Tell(new TrainingMessages.Halted(id, "w-1", term));
        job.Tell(new TrainingMessages.Fenced(id, "s-1", term, [new(0, version)]));
        var lease = first.Next<TrainingMessages.Lease>();
        Assert.Equal([0, 1], lease.Slots);
        job.Tell(new TrainingMessages.WorkerReady(id, "w-1", term, ["s-1:tcp"]));
    }

    /// <summary>The summary of a job that one worker's failure ends.</summary>
    private RunSummary Cancelled(IActorRef job, TestProbe worker)
    {
        job.Tell(Failed("w-1", TrainingMessages.CauseRank.Own, "not enough memory"));
        Release(job, worker, "w-1", "worker");
        Release(job, server, "s-1", "server");
        return submitter.Next<JobMessages.Ended>().Summary!;
    }

    /// <summary>A snapshot that was taken after all that the job has been told so far.</summary>
    private RunProgress Next(IActorRef job)
    {
        job.Ask<ActorIdentity>(new Identify(null), TestNode.Patience).Wait(TestNode.Patience);
        while (submitter.HasMessages)
            submitter.ReceiveOne(TimeSpan.Zero);
        return submitter.Next<JobMessages.Progress>().Snapshot;
    }
}
