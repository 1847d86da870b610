using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
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
    public void A_submitter_that_was_held_for_gone_follows_its_job_again()
    {
        var first = CreateTestProbe();
        var accepted = Submit(first);
        first.Next<JobMessages.Progress>();
        Sys.Stop(first.Ref);
        var again = CreateTestProbe();
        Watch(first.Ref);
        ExpectTerminated(first.Ref, TestNode.Patience);
        // The coordinator may hear of the end later than this test: whoever is not taken at once asks again.
        AwaitAssert(
            () =>
            {
                coordinator.Tell(new JobMessages.Follow(accepted.Job), again.Ref);
                Assert.Equal(accepted.Job, again.ExpectMsg<JobMessages.Progress>(TimeSpan.FromSeconds(1)).Job);
            },
            TestNode.Patience);
        coordinator.Tell(new JobMessages.Interrupt(accepted.Job));
        Assert.Equal(JobStatus.Interrupted, again.Next<JobMessages.Ended>().Status);

        var late = CreateTestProbe();
        coordinator.Tell(new JobMessages.Follow(accepted.Job), late.Ref);
        Assert.Equal((JobStatus.Interrupted, accepted.OutFolder), (late.Next<JobMessages.Ended>() is var ended ? ended.Status : default, ended.OutFolder));
    }

    [Fact]
    public void A_job_whose_folder_is_gone_has_failed_and_the_next_one_runs()
    {
        var accepted = Submit(submitter);
        submitter.Next<JobMessages.Progress>();
        // At once: whoever deletes file by file meets the status that is written meanwhile.
        Directory.Move(accepted.OutFolder, $"{accepted.OutFolder}-elsewhere");
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

    [Fact]
    public void A_job_that_waits_is_listed_and_cancelled_by_the_beginning_of_its_id()
    {
        Submit(submitter);
        var second = CreateTestProbe();
        var waiting = Submit(second);
        Assert.Equal(["tiny running", "tiny waiting"], Ask<WatchMessages.Jobs>(new WatchMessages.ListJobs()).Entries.Select(job => $"{job.Name} {job.State}"));
        Assert.False(Ask<WatchMessages.Answer>(new WatchMessages.Cancel("nobody")).Done);
        var answer = Ask<WatchMessages.Answer>(new WatchMessages.Cancel(waiting.Job.ToString("N")[..12]));
        Assert.Equal((true, $"tiny ({waiting.Job.ToString("N")[..8]}) will not run"), (answer.Done, answer.Line));
        Assert.Equal(JobStatus.Interrupted, second.Next<JobMessages.Ended>().Status);
        Assert.Equal(["tiny interrupted", "tiny running"], Ask<WatchMessages.Jobs>(new WatchMessages.ListJobs()).Entries.Select(job => $"{job.Name} {job.State}"));
    }

    [Fact]
    public void A_job_that_runs_is_cancelled_the_next_one_has_its_turn_and_what_ended_cannot_be_cancelled()
    {
        var first = Submit(submitter);
        var second = CreateTestProbe();
        Submit(second);
        Assert.True(Ask<WatchMessages.Answer>(new WatchMessages.Cancel($"{first.Job}")).Done);
        Assert.Equal(JobStatus.Interrupted, submitter.Next<JobMessages.Ended>().Status);
        second.FishForMessage(message => message is JobMessages.Progress { Snapshot.Phase: "gathering nodes" }, TestNode.Patience);
        Assert.EndsWith(" has ended: interrupted", Ask<WatchMessages.Answer>(new WatchMessages.Cancel($"{first.Job}")).Line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_goes_on_when_its_submitter_has_gone_and_one_that_is_detached_hears_no_more()
    {
        var first = Submit(submitter);
        var second = CreateTestProbe();
        coordinator.Tell(new JobMessages.Submit("tiny", TinyJob.Text, null, second, Detached: true));
        var waiting = second.Next<JobMessages.Accepted>();
        Sys.Stop(submitter);
        Assert.Equal(["running", "waiting"], Ask<WatchMessages.Jobs>(new WatchMessages.ListJobs()).Entries.Select(job => job.State));
        Ask<WatchMessages.Answer>(new WatchMessages.Cancel($"{first.Job}"));
        AwaitAssert(
            () => Assert.Equal(["interrupted", "running"], Ask<WatchMessages.Jobs>(new WatchMessages.ListJobs()).Entries.Select(job => job.State)),
            TestNode.Patience);
        Ask<WatchMessages.Answer>(new WatchMessages.Cancel($"{waiting.Job}"));
        AwaitAssert(
            () => Assert.Equal("interrupted", Ask<WatchMessages.Jobs>(new WatchMessages.ListJobs()).Entries[1].State), TestNode.Patience);
        Assert.False(second.HasMessages);
    }

    [Fact]
    public void Whoever_asks_is_told_how_the_job_and_the_nodes_stand()
    {
        Assert.Null(Ask<WatchMessages.Status>(new WatchMessages.AskStatus(null)).Cluster.Run);
        Assert.Equal("no job 'x' here", Ask<WatchMessages.Answer>(new WatchMessages.AskStatus("x")).Line);
        coordinator.Tell(new MembershipMessages.Register(TestNode.Info("w-1", "worker", CreateTestProbe())));
        coordinator.Tell(new MembershipMessages.Vitals("w-1", 123, 1.5, null));
        var accepted = Submit(submitter);
        submitter.Next<JobMessages.Progress>();
        var cluster = Ask<WatchMessages.Status>(new WatchMessages.AskStatus("tiny")).Cluster;
        Assert.Equal((accepted.Job, "running", "gathering nodes"), (cluster.Run!.Job.Id, cluster.Run.Job.State, cluster.Run.Progress!.Phase));
        Assert.Equal(("w-1", 123), (cluster.Nodes[0].Node, cluster.Nodes[0].MemoryBytes));
        coordinator.Tell(new JobMessages.Interrupt(accepted.Job));
        submitter.Next<JobMessages.Ended>();
        Assert.True(RunStatusFile.IsOver(accepted.OutFolder));
    }

    [Fact]
    public void Events_reach_the_running_jobs_log_once_and_are_read_from_outside()
    {
        Assert.Equal("no job has run here yet", Ask<WatchMessages.Answer>(new WatchMessages.ReadLog(null, 0, 0)).Line);
        var node = CreateTestProbe();
        var accepted = Submit(submitter);
        var events = Enumerable.Range(0, 3).Select(i => new LogEvent(DateTimeOffset.UnixEpoch.AddSeconds(i), "w", "worker", "info", $"e{i}", [])).ToArray();
        coordinator.Tell(new MembershipMessages.NodeEvents(events[..2], 5, 5), node);
        Assert.Equal(7, node.Next<MembershipMessages.EventsTaken>().Before);
        // It is the log that has them, not the coordinator alone.
        Assert.Equal(["e0", "e1"], File.ReadLines(Path.Combine(accepted.OutFolder, "cluster.log")).Select(line => JsonLines.Parse(line).Event));
        coordinator.Tell(new MembershipMessages.NodeEvents(events, 5, 5), node);
        node.FishForMessage(message => message is MembershipMessages.EventsTaken { Before: 8 }, TestNode.Patience);
        coordinator.Tell(new JobMessages.Interrupt(accepted.Job));
        submitter.Next<JobMessages.Ended>();
        AwaitAssert(
            () =>
            {
                var log = Ask<WatchMessages.Log>(new WatchMessages.ReadLog(null, 0, 0));
                Assert.Equal(["e0", "e1", "e2"], log.Lines.Select(line => JsonLines.Parse(line).Event));
                Assert.Equal((accepted.Job, true, true), (log.Job, log.AtEnd, log.Over));
            },
            TestNode.Patience);
    }

    protected override void AfterAll()
    {
        // The actors write into the folder for as long as they live.
        Shutdown(Sys, verifySystemShutdown: true);
        base.AfterAll();
        folder.Dispose();
    }

    private T Ask<T>(object question)
    {
        var asker = CreateTestProbe();
        coordinator.Tell(question, asker);
        return asker.Next<T>();
    }

    private JobMessages.Accepted Submit(TestProbe from, params string[] sets)
    {
        coordinator.Tell(new JobMessages.Submit("tiny", TinyJob.With(sets).Text, null, from));
        return from.Next<JobMessages.Accepted>();
    }
}
