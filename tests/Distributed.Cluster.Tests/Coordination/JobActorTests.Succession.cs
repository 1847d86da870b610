using Akka.Actor;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Jobs;
using Distributed.Cluster.Tests.Nodes;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>A job whose coordinator is lost, and the next one.</summary>
public sealed partial class JobActorTests
{
    [Fact]
    public void A_successor_goes_on_from_where_the_shards_stand_under_a_higher_term()
    {
        Lose(Training());
        var job = TakeOver(["s-1"]);
        job.Tell(new TrainingMessages.ServerHolds(id, "s-1", new TrainingMessages.ServerDescription("s-1", "127.0.0.1", 1, "", ""), served!.Shards));

        Assert.Equal(2, first.Next<TrainingMessages.Halt>().Term);
        second.Next<TrainingMessages.Halt>();
        var raise = server.Next<TrainingMessages.RaiseTerm>();
        Assert.Equal((2, 1), (raise.Term, raise.RecordedBelow));
        Assert.Equal(["s-1"], raise.Servers);
        job.Tell(new TrainingMessages.Halted(id, "w-1", 2));
        job.Tell(new TrainingMessages.Halted(id, "w-2", 2));
        // A step that was made while nobody coordinated.
        job.Tell(new TrainingMessages.StepFigures(id, "s-1", 2, [Step(1, 0, 1)]));
        job.Tell(new TrainingMessages.Fenced(id, "s-1", 2, [.. served.Shards.Select(shard => new TrainingMessages.ShardVersion(shard.Shard, 2))]));
        var lease = first.Next<TrainingMessages.Lease>();
        Assert.Equal((2, 2), (lease.Term, lease.FirstStep));
        Assert.Equal(lease.FirstStep, second.Next<TrainingMessages.Lease>().FirstStep);
    }

    [Fact]
    public void A_successor_that_hears_of_a_step_which_only_the_first_shard_has_made_goes_on_before_it()
    {
        Lose(Training());
        var job = TakeOver(["s-1"]);
        job.Tell(new TrainingMessages.ServerHolds(id, "s-1", new TrainingMessages.ServerDescription("s-1", "127.0.0.1", 1, "", ""), served!.Shards));
        server.Next<TrainingMessages.RaiseTerm>();
        job.Tell(new TrainingMessages.Halted(id, "w-1", 2));
        job.Tell(new TrainingMessages.Halted(id, "w-2", 2));
        job.Tell(new TrainingMessages.StepFigures(id, "s-1", 2, [Step(1, 0, 1)]));
        job.Tell(new TrainingMessages.Fenced(id, "s-1", 2, [new(0, 2), new(1, 1)]));
        var lease = first.Next<TrainingMessages.Lease>();
        Assert.Equal((2, 1), (lease.Term, lease.FirstStep));
    }

    [Fact]
    public void Servers_keep_what_slots_saw_until_it_is_in_the_files()
    {
        var job = Training();
        Report(job, "w-1", 1, Step(0, 0));
        Report(job, "w-2", 1, Step(0, 1));
        job.Tell(new JobActor.NodeGone("w-2", "its process was killed"));
        // Whether it was written down before the worker was lost or not: only what was told to be written is forgotten.
        var told = 0L;
        var raise = (TrainingMessages.RaiseTerm)server.FishForMessage(
            message =>
            {
                if (message is TrainingMessages.Recorded recorded)
                    told = recorded.Step;
                return message is TrainingMessages.RaiseTerm;
            },
            TestNode.Patience);
        Assert.Equal(told, raise.RecordedBelow);
    }

    [Fact]
    public void A_successor_of_a_coordinator_that_had_let_its_workers_go_has_them_work_again()
    {
        Lose(Training());
        var job = TakeOver(["s-1"], worksStill: false);
        job.Tell(new TrainingMessages.ServerHolds(id, "s-1", new TrainingMessages.ServerDescription("s-1", "127.0.0.1", 1, "", ""), served!.Shards));
        server.Next<TrainingMessages.RaiseTerm>();
        job.Tell(new TrainingMessages.Fenced(id, "s-1", 2, [.. served.Shards.Select(shard => new TrainingMessages.ShardVersion(shard.Shard, 1))]));
        first.Next<TrainingMessages.Train>();
        second.Next<TrainingMessages.Train>();
    }

    [Fact]
    public void Shards_that_were_being_made_are_made_again()
    {
        Lose(Training());
        var job = TakeOver([]);
        server.Next<TrainingMessages.Release>();
        job.Tell(new TrainingMessages.Released(id, "s-1", "server", 0));
        job.Tell(new TrainingMessages.Halted(id, "w-1", 2));
        job.Tell(new TrainingMessages.Halted(id, "w-2", 2));
        var serve = server.Next<TrainingMessages.Serve>();
        Assert.Equal((2, 0), (serve.Term, serve.Version));
    }

    /// <summary>The coordinator is lost after step 0, whose figures are in the run's files.</summary>
    private void Lose(IActorRef job)
    {
        job.Tell(new ProgressMessages.WorkerReport(id, "w-1", 1, "computing", [Step(0, 0)], []));
        job.Tell(new ProgressMessages.WorkerReport(id, "w-2", 1, "computing", [Step(0, 1)], []));
        Assert.Equal(1, server.Next<TrainingMessages.Recorded>().Step);
        Watch(job);
        Sys.Stop(job);
        ExpectTerminated(job, TestNode.Patience);
    }

    /// <summary>The next coordinator has heard from all members but the server what they do.</summary>
    private IActorRef TakeOver(string[] servers, bool worksStill = true)
    {
        var tiny = TinyJob.With();
        var files = new RunFiles(folder.Path, tiny, takesOver: true);
        var former = new SuccessionMessages.KeptRun("node-0", new byte[32], 1, 12, 5, false, servers, ["w-1", "w-2"]);
        var job = Sys.ActorOf(JobActor.Props(TestNode.Context(folder.Path), id, tiny, files, new EventMerger(files.Log), submitter, former: former));
        job.Tell(new JobActor.Available([TestNode.Info("s-1", "server", server), TestNode.Info("w-1", "worker", first), TestNode.Info("w-2", "worker", second)]));
        foreach (var (probe, name, works) in new[] { (first, "w-1", true), (second, "w-2", true), (server, "s-1", false) })
        {
            probe.Next<TrainingMessages.Adopt>();
            job.Tell(new TrainingMessages.Adopted(id, name, works && worksStill, !works));
            if (works && worksStill)
                job.Tell(new TrainingMessages.WorkerHere(id, name, Prepared: true));
        }

        if (servers.Length == 0)
            job.Tell(new TrainingMessages.ServerHolds(id, "s-1", null, served!.Shards));
        return job;
    }
}
