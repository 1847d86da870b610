using Akka.Actor;
using Akka.TestKit;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Nodes;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>Servers: what they are told to hold, and what becomes of a job that loses one.</summary>
public sealed partial class JobActorTests
{
    [Fact]
    public void A_lost_server_takes_the_job_back_to_its_beginning_where_there_is_no_checkpoint()
    {
        var job = Training();
        Report(job, "w-1", 1, Step(0, 0));
        Report(job, "w-2", 1, Step(0, 1));
        submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot.Step == 1, TestNode.Patience);
        var spare = CreateTestProbe();
        job.Tell(new JobActor.NodeGone("s-1", "its process was killed"));
        foreach (var (probe, name) in new[] { (first, "w-1"), (second, "w-2") })
        {
            probe.Next<TrainingMessages.Halt>();
            job.Tell(new TrainingMessages.Halted(id, name, 2));
        }

        submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot.Phase == "waiting for nodes", TestNode.Patience);
        job.Tell(new JobActor.Available([TestNode.Info("s-2", "server", spare), TestNode.Info("w-1", "worker", first), TestNode.Info("w-2", "worker", second)]));
        var serve = spare.Next<TrainingMessages.Serve>();
        Assert.Equal((2, 0), (serve.Term, serve.Version));
        job.Tell(new TrainingMessages.ServerReady(id, "s-2", 2, new TrainingMessages.DataAddress("127.0.0.1", 1, "", "")));
        Assert.Equal(0, first.Next<TrainingMessages.Lease>().FirstStep);
        submitter.FishForMessage<JobMessages.Progress>(progress => progress.Snapshot.Step == 0, TestNode.Patience);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(true, "optimizer.type=adam")]
    [InlineData(false, "optimizer.type=lion")]
    [InlineData(false, "optimizer.clip-norm=1")]
    [InlineData(false, "precision=bf16")]
    [InlineData(false, "transport.same-host=tcp")]
    [InlineData(false, "backups=0")]
    public void First_homes_share_with_second_ones_on_their_host_where_they_can(bool share, params string[] sets)
    {
        var job = Start(sets: ["servers=2", .. sets]);
        var other = CreateTestProbe();
        job.Tell(new JobActor.Available(
            [TestNode.Info("s-1", "server", server), TestNode.Info("s-2", "server", other), TestNode.Info("w-1", "worker", first), TestNode.Info("w-2", "worker", second)]));
        TestProbe[] probes = [server, other];
        var held = probes.SelectMany(probe => probe.Next<TrainingMessages.Serve>().Shards).ToArray();
        Assert.Equal(share ? 1 : 0, held.Count(shard => shard.Shared));
        foreach (var name in new[] { "s-1", "s-2" })
            job.Tell(new TrainingMessages.ServerReady(id, name, 1, new TrainingMessages.DataAddress("127.0.0.1", 1, "", "")));
        if (share)
            Assert.All(probes, probe => Assert.Single(probe.Next<TrainingMessages.Connect>().Shards, shard => shard.Shared));
    }

    [Fact]
    public void A_server_that_has_all_gradients_and_makes_no_update_is_named_and_left_out()
    {
        var job = Training(stepSeconds: 0.2);
        job.Tell(new TrainingMessages.ServerReport(id, "s-1", 1, 3, []));
        foreach (var name in new[] { "w-1", "w-2" })
            job.Tell(new ProgressMessages.WorkerReport(id, name, 3, "exchanging", [], []));
        server.Next<TrainingMessages.Release>();
        submitter.FishForMessage<JobMessages.Progress>(
            progress => progress.Snapshot.Notices.Any(notice => notice.Contains("s-1 has all gradients of step 3 and has not updated its shards for", StringComparison.Ordinal)),
            TestNode.Patience);
    }
}
