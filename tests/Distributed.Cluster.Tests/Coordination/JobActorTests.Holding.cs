using Akka.Actor;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Nodes;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>What a job's coordinator does while one worker holds for a checkpoint.</summary>
public sealed partial class JobActorTests
{
    [Fact]
    public void A_worker_that_gets_ready_while_another_one_holds_is_given_slots_afterwards()
    {
        var job = Training("max-workers=3", "slots=3", "batch=3", "checkpoint.every-steps=1");
        Report(job, "w-1", 1, Step(0, 0));
        Report(job, "w-2", 1, Step(0, 1, 2));
        first.Next<TrainingMessages.Pause>();

        var third = CreateTestProbe();
        Offer(job, ("w-3", third));
        third.Next<TrainingMessages.Train>();
        job.Tell(new TrainingMessages.WorkerPrepared(id, "w-3", 12, 5));
        Assert.Equal("training", Next(job).Phase);

        // Nobody listens where the server is said to be: the checkpoint is not written, and training goes on.
        job.Tell(new TrainingMessages.Paused(id, "w-1", 1, 1));
        first.Next<TrainingMessages.Continue>();
        Assert.Equal(2, first.Next<TrainingMessages.Halt>().Term);
    }

    [Fact]
    public void A_checkpoint_that_a_silent_worker_kept_from_being_made_is_made_when_the_others_go_on()
    {
        var job = Training(60, 0.3, "checkpoint.every-steps=1");
        KeepSaying(job, "w-1");
        Report(job, "w-1", 1, Step(0, 0));
        Report(job, "w-2", 1, Step(0, 1));
        // The held one waits for a gradient of the silent one.
        first.Next<TrainingMessages.Pause>();
        GoOnAlone(job, term: 2, version: 1);
        first.Next<TrainingMessages.Pause>();
        job.Tell(new TrainingMessages.Paused(id, "w-1", 2, 1));
        first.Next<TrainingMessages.Continue>();
    }

    [Fact]
    public void A_worker_that_makes_steps_where_it_should_hold_is_asked_again()
    {
        var job = Training(stepSeconds: 0.2);
        job.Tell(new JobMessages.Interrupt(id));
        first.Next<TrainingMessages.Pause>();
        var step = 0L;
        var asked = submitter.FishForMessage<JobMessages.Progress>(
            progress =>
            {
                foreach (var slot in new[] { 0, 1 })
                    Report(job, $"w-{slot + 1}", step + 1, Step(step, slot));
                step++;
                return progress.Snapshot.Notices.Any(notice => notice.EndsWith("and makes steps: it is asked again", StringComparison.Ordinal));
            },
            TestNode.Patience);
        Assert.Equal("training", asked.Snapshot.Phase);
        first.Next<TrainingMessages.Pause>();
        Next(job);

        // An answer that was under way for long: steps were made since.
        job.Tell(new TrainingMessages.Paused(id, "w-1", 1, 0));
        Assert.Equal("training", Next(job).Phase);
        job.Tell(new TrainingMessages.Paused(id, "w-1", 1, step));
        submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot.Phase is "saving" or "failing", TestNode.Patience);
    }
}
