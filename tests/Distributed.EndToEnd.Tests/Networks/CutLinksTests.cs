namespace Distributed.EndToEnd.Tests;

/// <summary>
/// Cables between machines are cut, at chosen points of a step and of a checkpoint: a node stands still there for a moment (as its plan says), its
/// machine is cut off meanwhile, and it goes on alone. Those that still see each other go on to the result of the undisturbed run.
/// </summary>
public sealed class CutLinksTests : IDisposable
{
    private const int Epochs = 10;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [NetworkFact]
    public Task A_worker_a_server_and_the_coordinator_cut_off_for_good_cost_no_bit() => CutForGoodAsync("while-sending", "before-announcing", "before-manifest");

    [NetworkTheory]
    [Trait("Category", "Slow")]
    [InlineData("before-sending", "before-commit", "while-recording")]
    [InlineData("after-sending", "while-checkpointing", "while-holding")]
    [InlineData("after-step", "before-announcing", "before-deciding")]
    public Task A_worker_a_server_and_the_coordinator_cut_off_for_good_at_other_points_cost_no_bit(string worker, string server, string coordinator) =>
        CutForGoodAsync(worker, server, coordinator);

    private async Task CutForGoodAsync(string worker, string server, string coordinator)
    {
        var job = SmallJob.Write(folder, optimizer: SmallJob.Everything, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        using var network = new TestNetwork(4);
        using var cluster = new TestCluster(
            folder,
            """
            akka.cluster.failure-detector { heartbeat-interval = 500ms, acceptable-heartbeat-pause = 4s }
            akka.cluster.split-brain-resolver.stable-after = 3s
            """, network);
        var plan = cluster.Plan(Pause("coordinator-1", 20, coordinator), Pause("worker-2", 60, worker), Pause("server-2", 100, server));
        // The machine that the job comes by is never cut off; it has most of the coordinators, so it goes on, however few the others are.
        await StartAsync(
            cluster, plan, ("coordinator-1", 0), ("coordinator-2", 1), ("coordinator-3", 1), ("server-1", 1), ("server-2", 2), ("worker-1", 1), ("worker-2", 3));
        using var submitter = cluster.Submit(job, "worker-1", "--workers", "2", "--servers", "2", "--set", "checkpoint.every-steps=8");

        foreach (var (node, machine, phase) in ((string, int, string)[])[("coordinator-1", 0, coordinator), ("worker-2", 3, worker), ("server-2", 2, server)])
        {
            await cluster.FaultAsync(node, phase);
            network.Cut(machine);
        }

        await cluster.EndsLikeAsync(submitter, undisturbed, Epochs);
        Assert.Empty(cluster.Events("went-back"));
        Assert.Equal("coordinator-1", TestCluster.Field(Assert.Single(cluster.Events("took-over")), "from"));
        // The log goes on: what the first one wrote is there, too.
        Assert.Contains(cluster.Events("job-started"), started => started.GetProperty("node").GetString() == "coordinator-1");
        foreach (var node in (string[])["coordinator-1", "worker-2", "server-2"])
            await cluster.EndsSayingWhyAsync(node);
    }

    [NetworkFact]
    public async Task Machines_that_are_cut_off_for_some_seconds_come_back_and_cost_no_bit()
    {
        var job = SmallJob.Write(folder, optimizer: SmallJob.Everything, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        using var network = new TestNetwork(3);
        // The job goes on without a silent member long before the cluster does.
        using var cluster = new TestCluster(folder, "trainer.deadlines.silence = 3s", network);
        var plan = cluster.Plan(
            Pause("worker-2", 20, "while-sending"), Pause("worker-2", 40, "after-sending"), Pause("server-2", 60, "before-announcing"));
        await StartAsync(cluster, plan, ("coordinator-1", 0), ("server-1", 0), ("server-2", 2), ("worker-1", 0), ("worker-2", 1));
        using var submitter = cluster.Submit(
            job, "worker-1", "--workers", "2", "--servers", "2", "--set", "checkpoint.every-steps=8", "--set", "min-workers=2");

        // So short that what was sent is sent again, and arrives.
        await cluster.FaultAsync("worker-2", "while-sending");
        network.Cut(1);
        await Task.Delay(TimeSpan.FromSeconds(1));
        network.Mend(1);
        await cluster.FaultAsync("worker-2", "after-sending");
        network.Cut(1);
        await submitter.UntilItPrintsAsync("worker-2 is lost: no word of it");
        network.Mend(1);
        await submitter.UntilItPrintsAsync("going on from step", after: "worker-2 is lost");
        await cluster.FaultAsync("server-2", "before-announcing");
        network.Cut(2);
        await submitter.UntilItPrintsAsync("server-2 is lost: no word of it");
        network.Mend(2);

        await cluster.EndsLikeAsync(submitter, undisturbed, Epochs);
        Assert.Empty(cluster.Events("went-back"));
        // The same processes as before.
        Assert.Equal(5, cluster.Events("node-joined").Count());
    }

    private static string Pause(string node, int step, string phase) => $"{{ kind = pause, node = {node}, step = {step}, phase = {phase}, seconds = 1 }}";

    private static async Task StartAsync(TestCluster cluster, string[] plan, params (string Name, int Machine)[] nodes)
    {
        await cluster.FoundAsync(nodes[0].Name, nodes[0].Machine, plan);
        foreach (var (name, machine) in nodes[1..])
            cluster.Start(name, machine, plan);
        foreach (var (name, _) in nodes[1..])
            await cluster.JoinedAsync(cluster[nodes[0].Name], name);
        // Whoever becomes one while a job trains is asked late, or never, whether it could take the job over.
        foreach (var (name, _) in nodes[1..].Where(node => node.Name.StartsWith("coordinator", StringComparison.Ordinal)))
            await cluster.IsMemberAsync(cluster[nodes[0].Name], name);
    }
}
