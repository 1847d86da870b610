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
public sealed class JobActorTests : TestKit
{
    private readonly TemporaryFolder folder = new();
    private readonly Guid id = Guid.NewGuid();
    private readonly TestProbe submitter;
    private readonly TestProbe first;
    private readonly TestProbe second;
    private readonly TestProbe server;

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
        job.Tell(Failed("w-1", TrainingMessages.CauseRank.LinkLost, "the link to s-1 is lost"));
        job.Tell(Failed("s-1", TrainingMessages.CauseRank.LinkLost, "the link from w-2 is lost"));
        job.Tell(Failed("w-2", TrainingMessages.CauseRank.Own, "not enough memory"));
        Release(job, first, "w-1", "worker");
        Release(job, second, "w-2", "worker");
        Release(job, server, "s-1", "server");
        var ended = submitter.Next<JobMessages.Ended>();
        Assert.Equal((JobStatus.Failed, "w-2: not enough memory"), (ended.Status, ended.Reason));
    }

    [Fact]
    public void A_member_that_is_gone_is_named_and_not_waited_for()
    {
        var job = Start();
        OfferAll(job);
        job.Tell(new JobActor.NodeGone("w-2", "its process was killed"));
        Release(job, first, "w-1", "worker");
        // Servers are asked when all workers have let go; were w-2 waited for, the server would never be.
        Release(job, server, "s-1", "server");
        Assert.Equal("w-2 is gone: its process was killed", submitter.Next<JobMessages.Ended>().Reason);
    }

    [Fact]
    public void Workers_with_other_data_are_bad_input()
    {
        var job = Start();
        OfferAll(job);
        server.Next<TrainingMessages.Serve>();
        job.Tell(new TrainingMessages.WorkerReady(id, "w-1", ["s-1:tcp"], 12, 5));
        job.Tell(new TrainingMessages.WorkerReady(id, "w-2", ["s-1:tcp"], 13, 5));
        Release(job, first, "w-1", "worker");
        Release(job, second, "w-2", "worker");
        Release(job, server, "s-1", "server");
        var ended = submitter.Next<JobMessages.Ended>();
        Assert.Equal((JobStatus.BadInput, "w-2 has 13 training samples, w-1 has 12: the nodes' data differ"), (ended.Status, ended.Reason));
    }

    [Theory]
    [InlineData("computing")]
    [InlineData("evaluating")]
    public void A_worker_that_stands_still_ends_the_job_whatever_it_was_doing(string phase)
    {
        var job = Start(stepSeconds: 0.2);
        OfferAll(job);
        server.Next<TrainingMessages.Serve>();
        job.Tell(new TrainingMessages.ServerReady(id, "s-1", new TrainingMessages.DataAddress("127.0.0.1", 1, "", "")));
        first.Next<TrainingMessages.Connect>();
        foreach (var name in new[] { "w-1", "w-2" })
            job.Tell(new TrainingMessages.WorkerReady(id, name, ["s-1:tcp"], 12, 5));
        job.Tell(new ProgressMessages.WorkerReport(id, "w-1", 3, "exchanging", [], []));
        job.Tell(new ProgressMessages.WorkerReport(id, "w-2", 3, phase, [], []));
        Release(job, first, "w-1", "worker");
        Release(job, second, "w-2", "worker");
        Release(job, server, "s-1", "server");
        Assert.Contains($"w-2 (slots 1) has been {phase} step 3 for", submitter.Next<JobMessages.Ended>().Reason, StringComparison.Ordinal);
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
        job.Tell(new JobActor.NodeGone("w-2", "its process was killed"));
        Release(job, first, "w-1", "worker");
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
        base.AfterAll();
        folder.Dispose();
    }

    private IActorRef StartPlateau(double stepSeconds = 60)
    {
        var job = Start(
            stepSeconds: stepSeconds, sets: ["optimizer.schedule.type=reduce-on-plateau", "optimizer.schedule.patience=0", "optimizer.schedule.factor=0.5", "evaluation.every-steps=1"]);
        OfferAll(job);
        Assert.Equal(0.1, server.Next<TrainingMessages.Serve>().Rate);
        job.Tell(new TrainingMessages.ServerReady(id, "s-1", new TrainingMessages.DataAddress("127.0.0.1", 1, "", "")));
        first.Next<TrainingMessages.Connect>();
        foreach (var name in new[] { "w-1", "w-2" })
            job.Tell(new TrainingMessages.WorkerReady(id, name, ["s-1:tcp"], 12, 5));
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

    private IActorRef Start(double gatherSeconds = 60, double stepSeconds = 60, string[]? sets = null)
    {
        var job = TinyJob.With(sets ?? []);
        var files = new RunFiles(folder.Path, job);
        var node = TestNode.Context(folder.Path, gatherSeconds, stepSeconds);
        return Sys.ActorOf(JobActor.Props(node, id, job, files, new EventMerger(files.Log), submitter));
    }

    private void OfferAll(IActorRef job)
    {
        job.Tell(new JobActor.Available([TestNode.Info("s-1", "server", server), TestNode.Info("w-1", "worker", first), TestNode.Info("w-2", "worker", second)]));
        first.Next<TrainingMessages.Train>();
        second.Next<TrainingMessages.Train>();
    }

    private void Release(IActorRef job, TestProbe member, string name, string role)
    {
        member.Next<TrainingMessages.Release>();
        job.Tell(new TrainingMessages.Released(id, name, role, 0));
    }

    private TrainingMessages.MemberFailed Failed(string node, TrainingMessages.CauseRank rank, string reason) => new(id, node, rank, reason, null, false);
}
