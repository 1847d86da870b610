using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Nodes;

namespace Distributed.Cluster.Tests.Coordination;

public sealed class StatusBoardTests
{
    private readonly StatusBoard board = new();
    private readonly JobEntry job = new(Guid.NewGuid(), "tiny", 1, 1, "runs/tiny", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

    [Fact]
    public void The_time_left_follows_from_the_pace_since_the_first_step()
    {
        board.Begin(job.Id);
        board.Take(At(0, 100));
        Assert.Null(Run().SecondsLeft);
        board.Take(At(10, 130));
        Assert.Null(Run().SecondsLeft);
        board.Take(At(20, 135));
        Assert.Equal(40, Run().SecondsLeft);
        Assert.Null(board.Of("c", job with { Outcome = JobStatus.Failed }, [], 0).Run!.SecondsLeft);
    }

    [Fact]
    public void Curves_and_the_newest_notices_are_kept_and_begin_anew_with_the_next_job()
    {
        board.Begin(job.Id);
        for (var i = 1; i <= 15; i++)
            board.Take(At(i, i) with { Loss = 1.0 / i, TestLoss = i > 7 ? 0.5 : null, Notices = [$"notice {i}"] });
        Assert.Equal(Enumerable.Range(1, 15).Select(i => new CurvePoint(i, 1.0 / i)), Run().Losses);
        Assert.Equal(8, Run().TestLosses[0].Step);
        Assert.Equal(["notice 4", "notice 15"], [Run().Notices[0], Run().Notices[^1]]);
        Assert.Empty(Run().Progress!.Notices);
        board.Begin(Guid.NewGuid());
        Assert.Equivalent(new RunStatus(job, null, null, [], [], []), Run());
    }

    [Fact]
    public void Nodes_are_listed_with_what_they_last_said_of_themselves()
    {
        var (a, b) = (TestNode.Info("a", "worker", Akka.Actor.ActorRefs.Nobody), TestNode.Info("b", "server", Akka.Actor.ActorRefs.Nobody));
        var server = new ServerFigures(2, 17, 4000, 1, [new LinkFigures("a", "tcp", 10, 20), new LinkFigures("x", "tcp", 1, 2)]);
        board.Take(new MembershipMessages.Vitals("b", 5_000_000, 0.5, server));
        var status = board.Of("c", null, [b, a], 3);
        Assert.Equal((null, 3, "c"), (status.Run, status.Waiting, status.Coordinator));
        Assert.Equal([("a", 0L), ("b", 5_000_000L)], status.Nodes.Select(node => (node.Node, node.MemoryBytes)));
        Assert.Equal((11, 22), (status.Nodes[1].Server!.BytesSent, status.Nodes[1].Server!.BytesReceived));
        board.Forget("b");
        Assert.Null(board.Of("c", null, [b], 0).Nodes[0].Server);
    }

    [Fact]
    public void A_curve_of_any_length_keeps_its_shape_in_bounded_memory()
    {
        var curve = new ThinnedCurve(100);
        for (var step = 1; step <= 100_000; step++)
            curve.Add(step, step % 2 == 0 ? step : double.NaN);
        curve.Add(5, 1);
        Assert.InRange(curve.Points.Length, 50, 101);
        Assert.Equal(100_000, curve.Points[^1].Step);
        Assert.All(curve.Points.Zip(curve.Points.Skip(1)), pair => Assert.True(pair.First.Step < pair.Second.Step));
        // Means over spans: never further from the line than a span is wide.
        Assert.All(curve.Points, point => Assert.InRange(point.Step - point.Value, 0, 100_000 / 50));
    }

    [Fact]
    public void A_status_can_be_read_from_the_runs_folder_and_the_last_one_stays()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(RunStatusFile.Read(folder.Path));
        Assert.False(RunStatusFile.IsOver(folder.Path));
        board.Begin(job.Id);
        board.Take(At(3, 5) with { Loss = double.NaN });
        var file = new RunStatusFile(folder.Path);
        file.Write(board.Of("c", job, [TestNode.Info("a", "worker", Akka.Actor.ActorRefs.Nobody)], 1));
        var read = RunStatusFile.Read(folder.Path)!;
        Assert.Equal((3, "a", job), (read.Run!.Progress!.Step, read.Nodes[0].Node, read.Run.Job));
        Assert.False(RunStatusFile.IsOver(folder.Path));
        file.Write(board.Of("c", job with { Outcome = JobStatus.Completed }, [], 0));
        file.Write(board.Of("c", job, [], 0));
        Assert.True(RunStatusFile.IsOver(folder.Path));
        Assert.Equal([RunStatusFile.Name], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    private static RunProgress At(long step, double seconds) => new("tiny", "training", 1, 1, step, 100, 1, null, null, 1, seconds, [], [], []);

    private RunStatus Run() => board.Of("c", job, [], 0).Run!;
}
