using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Jobs;
using Distributed.Cluster.Tests.Nodes;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>A job's coordinator with members that probes play.</summary>
public sealed partial class JobActorTests : TestKit
{
    private readonly TemporaryFolder folder = new();
    private readonly Guid id = Guid.NewGuid();
    private readonly TestProbe submitter;
    private readonly TestProbe first;
    private readonly TestProbe second;
    private readonly TestProbe server;
    private TrainingMessages.Serve? served;

    public JobActorTests() : base("akka.loglevel = WARNING")
    {
        (submitter, first, second, server) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
    }

    [Fact]
    public void Gathering_ends_with_a_line_that_says_who_is_missing()
    {
        var job = Start(gatherSeconds: 0.1);
        job.Tell(new JobActor.Available([TestNode.Info("w-1", "worker", first)]));
        var ended = submitter.Next<JobMessages.Ended>();
        Assert.Equal((JobStatus.Failed, "waited 0 s for nodes: it needs 2 workers and 1 servers; there are 1 and 0"), (ended.Status, ended.Reason));
        Assert.True(File.Exists(folder["summary.json"]));
    }

    [Fact]
    public void A_job_that_is_interrupted_before_it_begins_ends_at_once()
    {
        Start().Tell(new JobMessages.Interrupt(id));
        Assert.Equal(JobStatus.Interrupted, submitter.Next<JobMessages.Ended>().Status);
    }

    [Fact]
    public void Of_several_failures_the_likeliest_cause_is_named_though_it_comes_last()
    {
        var job = Start();
        OfferAll(job);
        server.Next<TrainingMessages.Serve>();
        job.Tell(Failed("w-1", TrainingMessages.CauseRank.Consequence, "the weights are not finite"));
        job.Tell(Failed("s-1", TrainingMessages.CauseRank.LinkLost, "the link from w-2 is lost"));
        job.Tell(Failed("w-2", TrainingMessages.CauseRank.Own, "not enough memory"));
        Release(job, first, "w-1", "worker");
        Release(job, second, "w-2", "worker");
        Release(job, server, "s-1", "server");
        var ended = submitter.Next<JobMessages.Ended>();
        Assert.Equal((JobStatus.Failed, "w-2: not enough memory"), (ended.Status, ended.Reason));
    }

    [Fact]
    public void Workers_with_other_data_are_bad_input()
    {
        var job = Start();
        OfferAll(job);
        server.Next<TrainingMessages.Serve>();
        job.Tell(new TrainingMessages.WorkerPrepared(id, "w-1", 12, 5));
        job.Tell(new TrainingMessages.WorkerPrepared(id, "w-2", 13, 5));
        Release(job, first, "w-1", "worker");
        Release(job, second, "w-2", "worker");
        Release(job, server, "s-1", "server");
        var ended = submitter.Next<JobMessages.Ended>();
        Assert.Equal((JobStatus.BadInput, "w-2 has 13 training samples, w-1 has 12: the nodes' data differ"), (ended.Status, ended.Reason));
    }

    [Fact]
    public void The_slots_of_a_lost_worker_are_leased_to_the_others_from_the_lowest_version()
    {
        var job = Training();
        Report(job, "w-1", 1, Step(0, 0));
        job.Tell(new JobActor.NodeGone("w-2", "its process was killed"));

        Assert.Equal(2, first.Next<TrainingMessages.Halt>().Term);
        job.Tell(new TrainingMessages.Halted(id, "w-1", 2));
        var raise = server.Next<TrainingMessages.RaiseTerm>();
        Assert.Equal((2, 0), (raise.Term, raise.RecordedBelow));
        // What w-2 had not reported of step 0 is known to the server.
        job.Tell(new TrainingMessages.StepFigures(id, "s-1", 2, [Step(0, 0, 1)]));
        job.Tell(new TrainingMessages.Fenced(id, "s-1", 2, [new(0, 2), new(1, 1)]));

        var lease = first.Next<TrainingMessages.Lease>();
        Assert.Equal((2, 1), (lease.Term, lease.FirstStep));
        Assert.Equal([0, 1], lease.Slots);
        job.Tell(new TrainingMessages.WorkerReady(id, "w-1", 2, ["s-1:tcp"]));
        Report(job, "w-1", 2, Step(1, 0, 1));
        Report(job, "w-1", 3, Step(2, 0, 1));
        var done = submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot is { Phase: "training", Step: 3 }, TestNode.Patience);
        Assert.Equal("w-1", Assert.Single(done.Snapshot.Workers).Node);
    }

    [Fact]
    public void Below_its_minimum_a_job_waits_and_goes_on_when_a_worker_joins()
    {
        var job = Training("min-workers=2");
        job.Tell(new JobActor.NodeGone("w-2", "its process was killed"));
        first.Next<TrainingMessages.Halt>();
        job.Tell(new TrainingMessages.Halted(id, "w-1", 2));
        job.Tell(new TrainingMessages.Fenced(id, "s-1", 2, [new(0, 0)]));
        var waits = submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot.Phase == "waiting for nodes", TestNode.Patience);
        Assert.Contains("waiting for nodes: it needs 2 workers, and there is 1", waits.Snapshot.Notices);

        var third = CreateTestProbe();
        job.Tell(new JobActor.Available([TestNode.Info("s-1", "server", server), TestNode.Info("w-1", "worker", first), TestNode.Info("w-3", "worker", third)]));
        third.Next<TrainingMessages.Train>();
        job.Tell(new TrainingMessages.WorkerPrepared(id, "w-3", 12, 5));
        Assert.Equal([0], first.Next<TrainingMessages.Lease>().Slots);
        Assert.Equal([1], third.Next<TrainingMessages.Lease>().Slots);
    }

    [Fact]
    public void A_worker_that_joins_while_others_train_is_given_slots_and_one_too_many_is_not()
    {
        var job = Training("max-workers=3", "slots=4");
        var (third, fourth) = (CreateTestProbe(), CreateTestProbe());
        Offer(job, ("w-3", third), ("w-4", fourth));
        third.Next<TrainingMessages.Train>();
        job.Tell(new TrainingMessages.WorkerPrepared(id, "w-3", 12, 5));
        foreach (var (probe, name) in new[] { (first, "w-1"), (second, "w-2") })
        {
            probe.Next<TrainingMessages.Halt>();
            job.Tell(new TrainingMessages.Halted(id, name, 2));
        }

        job.Tell(new TrainingMessages.Fenced(id, "s-1", 2, [new(0, 0)]));
        Assert.Equal([2, 3], third.Next<TrainingMessages.Lease>().Slots);
        fourth.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void A_worker_with_other_data_that_comes_later_is_left_out()
    {
        var job = Training("max-workers=3", "slots=3", "batch=3");
        var third = CreateTestProbe();
        Offer(job, ("w-3", third));
        third.Next<TrainingMessages.Train>();
        job.Tell(new TrainingMessages.WorkerPrepared(id, "w-3", 13, 5));
        third.Next<TrainingMessages.Release>();
        submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot.Phase == "training" && progress.Snapshot.Notices
            .Contains("w-3 is lost: w-3 has 13 training samples, w-1 has 12: the nodes' data differ"), TestNode.Patience);
    }

    [Fact]
    public void A_silent_worker_is_fenced_and_what_it_says_later_does_not_count()
    {
        var job = Training(silence: 0.3);
        KeepSaying(job, "w-1");
        second.Next<TrainingMessages.Release>();
        first.Next<TrainingMessages.Halt>();
        job.Tell(new TrainingMessages.Halted(id, "w-1", 2));
        job.Tell(new TrainingMessages.Fenced(id, "s-1", 2, [new(0, 0)]));
        Assert.Equal([0, 1], first.Next<TrainingMessages.Lease>().Slots);
        job.Tell(new TrainingMessages.WorkerReady(id, "w-1", 2, ["s-1:tcp"]));

        Report(job, "w-2", 1, Step(0, 1));
        // It is told again that it is none of the job's, and may come back when it has let go.
        second.Next<TrainingMessages.Release>();
        job.Tell(new TrainingMessages.Released(id, "w-2", "worker", 0));
        second.Next<TrainingMessages.Train>();
    }

    [Fact]
    public void Whoever_makes_a_known_evaluation_again_is_told_what_was_decided()
    {
        var job = Training("evaluation.every-steps=1");
        var block = new ProgressMessages.EvaluationReport(1, new EvaluationBlock(0, 5, 1.0));
        foreach (var worker in new[] { "w-1", "w-2" })
            job.Tell(new ProgressMessages.WorkerReport(id, worker, 1, "deciding", [Step(0, worker == "w-1" ? 0 : 1)], [block]));
        Assert.Equal((1, false), first.Next<TrainingMessages.Decided>() is var decided ? (decided.Version, decided.Stop) : default);
        job.Tell(new ProgressMessages.WorkerReport(id, "w-1", 1, "deciding", [], [block]));
        Assert.Equal(1, first.Next<TrainingMessages.Decided>().Version);
    }

    [Fact]
    public void A_failure_that_comes_again_and_again_ends_the_job()
    {
        var job = Training();
        for (var term = 1L; term < 9; term++)
        {
            job.Tell(new TrainingMessages.MemberFailed(id, "w-1", TrainingMessages.CauseRank.LinkLost, "the link to s-1 is lost", null, false, term, true));
            foreach (var (probe, name) in new[] { (first, "w-1"), (second, "w-2") })
            {
                probe.Next<TrainingMessages.Halt>();
                job.Tell(new TrainingMessages.Halted(id, name, term + 1));
            }

            job.Tell(new TrainingMessages.Fenced(id, "s-1", term + 1, [new(0, 0)]));
            foreach (var (probe, name) in new[] { (first, "w-1"), (second, "w-2") })
            {
                Assert.Equal(term + 1, probe.Next<TrainingMessages.Lease>().Term);
                job.Tell(new TrainingMessages.WorkerReady(id, name, term + 1, ["s-1:tcp"]));
            }
        }

        job.Tell(new TrainingMessages.MemberFailed(id, "w-1", TrainingMessages.CauseRank.LinkLost, "the link to s-1 is lost", null, false, 9, true));
        Release(job, first, "w-1", "worker");
        Release(job, second, "w-2", "worker");
        Release(job, server, "s-1", "server");
        Assert.Equal("w-1: the link to s-1 is lost", submitter.Next<JobMessages.Ended>().Reason);
    }

    [Theory]
    [InlineData("computing")]
    [InlineData("evaluating")]
    public void A_worker_that_stands_still_is_left_out_whatever_it_was_doing(string phase)
    {
        var job = Training(stepSeconds: 0.2);
        job.Tell(new ProgressMessages.WorkerReport(id, "w-1", 3, "exchanging", [], []));
        job.Tell(new ProgressMessages.WorkerReport(id, "w-2", 3, phase, [], []));
        second.Next<TrainingMessages.Release>();
        Assert.Equal(2, first.Next<TrainingMessages.Halt>().Term);
        submitter.FishForMessage<JobMessages.Progress>(
            progress => progress.Snapshot.Notices.Any(notice => notice.Contains($"w-2 (slots 1) has been {phase} step 3 for", StringComparison.Ordinal)), TestNode.Patience);
    }

    [Fact]
    public void Workers_go_on_once_every_server_has_taken_over_a_fallen_rate()
    {
        var job = StartPlateau();
        Step(job, 0);
        Evaluated(job, 1, loss: 0.5);
        Assert.Equal(new TrainingMessages.Decided(id, 1, Stop: false), first.Next<TrainingMessages.Decided>());
        Step(job, 1);
        Evaluated(job, 2, loss: 0.5);

        Assert.Equal(new TrainingMessages.SetRate(id, 2, 0.05), server.Next<TrainingMessages.SetRate>());
        // An answer to another question lets nobody go on.
        job.Tell(new TrainingMessages.RateSet(id, "s-1", 1));
        submitter.Next<JobMessages.Progress>();
        submitter.Next<JobMessages.Progress>();
        Assert.False(first.HasMessages);

        job.Tell(new TrainingMessages.RateSet(id, "s-1", 2));
        Assert.Equal(new TrainingMessages.Decided(id, 2, Stop: false), first.Next<TrainingMessages.Decided>());
        Step(job, 2);
        Evaluated(job, 3, loss: 0.5);
        submitter.Next<JobMessages.Progress>();
        job.Tell(Failed("w-2", TrainingMessages.CauseRank.Own, "not enough memory"));
        Release(job, first, "w-1", "worker");
        Release(job, second, "w-2", "worker");
        Release(job, server, "s-1", "server");
        submitter.Next<JobMessages.Ended>();
        Assert.Equal(
            ["0.1", "0.1", "0.05"],
            File.ReadLines(folder["metrics.jsonl"]).Where(line => line.Contains("\"step\":", StringComparison.Ordinal))
                .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("learningRate").GetRawText()));
    }

    [Fact]
    public void A_server_that_does_not_take_over_a_rate_is_named()
    {
        var job = StartPlateau(stepSeconds: 0.2);
        Step(job, 0);
        Evaluated(job, 1, loss: 0.5);
        Step(job, 1);
        Evaluated(job, 2, loss: 0.5);
        server.Next<TrainingMessages.SetRate>();
        Release(job, first, "w-1", "worker");
        Release(job, second, "w-2", "worker");
        Release(job, server, "s-1", "server");
        Assert.Matches("waited [0-9]+ s for s-1 to take over the learning rate of step 2", submitter.Next<JobMessages.Ended>().Reason);
    }

    protected override void AfterAll()
    {
        // The actors write into the folder for as long as they live.
        Shutdown(Sys, verifySystemShutdown: true);
        base.AfterAll();
        folder.Dispose();
    }

    private IActorRef StartPlateau(double stepSeconds = 60)
    {
        var job = Training(
            stepSeconds, 600, "optimizer.schedule.type=reduce-on-plateau", "optimizer.schedule.patience=0", "optimizer.schedule.factor=0.5", "evaluation.every-steps=1");
        Assert.Equal(0.1, served!.Rate);
        return job;
    }

    private void Step(IActorRef job, long step)
    {
        foreach (var slot in new[] { 0, 1 })
            job.Tell(new ProgressMessages.WorkerReport(
                id, $"w-{slot + 1}", step + 1, "evaluating", [new(step, [new ProgressMessages.SlotReport(slot, 2, 1, 2, 1)], 1, 1, 0, 0)], []));
    }

    private void Evaluated(IActorRef job, long version, double loss) => job.Tell(new ProgressMessages.WorkerReport(
        id, "w-1", version, "deciding", [], [new ProgressMessages.EvaluationReport(version, new EvaluationBlock(0, 5, 5 * loss))]));

    private IActorRef Start(double gatherSeconds = 60, double stepSeconds = 60, double silence = 600, params string[] sets)
    {
        var job = TinyJob.With(sets);
        var files = new RunFiles(folder.Path, job);
        var node = TestNode.Context(folder.Path, gatherSeconds, stepSeconds, silenceSeconds: silence);
        return Sys.ActorOf(JobActor.Props(node, id, job, files, new EventMerger(files.Log), submitter));
    }

    private IActorRef Training(params string[] sets) => Training(60, 600, sets);

    private IActorRef Training(double stepSeconds = 60, double silence = 600, params string[] sets)
    {
        var job = Start(stepSeconds: stepSeconds, silence: silence, sets: sets);
        OfferAll(job);
        served = server.Next<TrainingMessages.Serve>();
        Assert.Equal(1, served.Term);
        job.Tell(new TrainingMessages.ServerReady(id, "s-1", 1, new TrainingMessages.DataAddress("127.0.0.1", 1, "", "")));
        foreach (var name in new[] { "w-1", "w-2" })
            job.Tell(new TrainingMessages.WorkerPrepared(id, name, 12, 5));
        foreach (var (probe, name) in new[] { (first, "w-1"), (second, "w-2") })
        {
            Assert.Equal((1, 0), probe.Next<TrainingMessages.Lease>() is var lease ? (lease.Term, lease.FirstStep) : default);
            job.Tell(new TrainingMessages.WorkerReady(id, name, 1, ["s-1:tcp"]));
        }

        return job;
    }

    private void Report(IActorRef job, string worker, long at, ProgressMessages.StepReport step) =>
        job.Tell(new ProgressMessages.WorkerReport(id, worker, at, "computing", [step], []));

    private static ProgressMessages.StepReport Step(long step, params int[] slots) =>
        new(step, [.. slots.Select(slot => new ProgressMessages.SlotReport(slot, 2, 1, 2, 1))], 1, 1, 0, 0);

    /// <summary>Has a worker and the server say something again and again, as living ones do.</summary>
    private void KeepSaying(IActorRef job, string worker)
    {
        Sys.Scheduler.ScheduleTellRepeatedly(
            TimeSpan.Zero, TimeSpan.FromMilliseconds(20), job, new ProgressMessages.WorkerReport(id, worker, 0, "computing", [], []), first);
        Sys.Scheduler.ScheduleTellRepeatedly(
            TimeSpan.Zero, TimeSpan.FromMilliseconds(20), job, new TrainingMessages.ServerReport(id, "s-1", 1, 0, []), server);
    }

    private void OfferAll(IActorRef job)
    {
        Offer(job);
        first.Next<TrainingMessages.Train>();
        second.Next<TrainingMessages.Train>();
    }

    /// <summary>The server and the two workers are there, and further workers.</summary>
    private void Offer(IActorRef job, params (string Name, TestProbe Probe)[] further) => job.Tell(new JobActor.Available([
        TestNode.Info("s-1", "server", server), TestNode.Info("w-1", "worker", first), TestNode.Info("w-2", "worker", second),
        .. further.Select(worker => TestNode.Info(worker.Name, "worker", worker.Probe))]));

    private void Release(IActorRef job, TestProbe member, string name, string role)
    {
        member.Next<TrainingMessages.Release>();
        job.Tell(new TrainingMessages.Released(id, name, role, 0));
    }

    private TrainingMessages.MemberFailed Failed(string node, TrainingMessages.CauseRank rank, string reason) => new(id, node, rank, reason, null, false);
}
