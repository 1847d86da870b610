using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>A cluster with two nodes that may be coordinator: the one that is loses its node, and the other goes on with the job.</summary>
public sealed class SuccessionTests : IDisposable
{
    private const int Epochs = 10;

    /// <summary>Seconds instead of the half minute that a loaded machine is granted.</summary>
    private const string Impatient = """
        akka.cluster.failure-detector { heartbeat-interval = 500ms, acceptable-heartbeat-pause = 4s }
        akka.cluster.split-brain-resolver.stable-after = 3s
        """;

    private readonly TemporaryFolder folder = new();
    private readonly Dictionary<string, TrainerProcess> nodes = [];

    public void Dispose()
    {
        foreach (var node in nodes.Values)
            node.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_killed_coordinators_job_goes_on_elsewhere_to_the_same_bits_and_whoever_follows_it_sees_it_through()
    {
        var job = SmallJob.Write(folder, optimizer: SmallJob.Everything, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        folder.Write("impatient.hocon", Impatient);
        var first = Node("coordinator-1", "--role", "coordinator");
        var seed = await AddressAsync(first);
        var second = Node("coordinator-2", "--role", "coordinator", "--seed", seed);
        await AddressAsync(second);
        foreach (var name in (string[])["worker-1", "worker-2", "server-1", "server-2"])
            await AddressAsync(Node(name, "--role", name[..^2], "--seed", seed));
        await first.UntilAsync(() => first.Output.Contains("\"server-2\"", StringComparison.Ordinal), "all nodes to join");

        // By a node that is no coordinator: the one that is killed answers nobody.
        using var submitter = TrainerProcess.Start(
            folder.Path, "submit", job, "--seed", Address(nodes["worker-1"]), "--workers", "2", "--servers", "2", "--set", "min-workers=2");
        await submitter.UntilItPrintsAsync("epoch 2/");
        await first.UntilItPrintsAsync("\"successor\"");
        // A coordinator holds events back for a moment, to put them in order: what it has not written ends with it.
        var log = Path.Combine(Assert.Single(Directory.GetDirectories(folder.In("runs"))), "cluster.log");
        await first.UntilAsync(() => File.Exists(log) && File.ReadAllText(log).Contains("\"job-started\"", StringComparison.Ordinal), "the job's start in its log");
        TrainerProcess.Signal(first.Id, TrainerProcess.Kill);
        await submitter.UntilItPrintsAsync("coordinator-2 takes over from coordinator-1");

        var ended = await submitter.EndAsync(TrainerProcess.Patience);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        var run = new RunResult(Assert.Single(Directory.GetDirectories(folder.In("runs"))));
        Assert.Equal(undisturbed.WeightsSha256, run.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, run.StepLosses);
        Assert.Equal(undisturbed.TestLoss, run.TestLoss);
        Assert.Empty(Events(run, "went-back"));
        Assert.Equal("coordinator-1", Field(Assert.Single(Events(run, "took-over")), "from"));
        // The log goes on: what the first one wrote is there, too.
        Assert.Contains(Events(run, "job-started"), started => started.GetProperty("node").GetString() == "coordinator-1");
        var audit = await TrainerProcess.RunAsync(folder.Path, "audit", run.Folder);
        Assert.True(audit.Code == 0, $"{audit.Output} {audit.Error}");
    }

    private TrainerProcess Node(string name, params string[] arguments)
    {
        var node = TrainerProcess.Start(folder.Path, ["node", "--name", name, "--config", "impatient.hocon", "--out", "runs", .. arguments]);
        nodes.Add(name, node);
        return node;
    }

    private static async Task<string> AddressAsync(TrainerProcess node)
    {
        await node.UntilItPrintsAsync("\"node-started\"");
        return Address(node);
    }

    private static string Address(TrainerProcess node) => Field(JsonDocument.Parse(node.Printed("\"node-started\"")).RootElement, "address");

    private static IEnumerable<JsonElement> Events(RunResult run, string name) => run.Log.Where(entry => entry.GetProperty("event").GetString() == name);

    private static string Field(JsonElement entry, string name) => entry.GetProperty("fields").GetProperty(name).GetString()!;
}
