using System.Text.Json;
using System.Text.RegularExpressions;

namespace Distributed.EndToEnd.Tests;

/// <summary>
/// Nodes of one cluster, each started by itself, on this machine or on those of a test network, and the job that they are given. The first node is
/// the coordinator, and the seed of all others.
/// </summary>
internal sealed partial class TestCluster : IDisposable
{
    private readonly TemporaryFolder folder;
    private readonly TestNetwork? network;
    private readonly string config;
    private readonly Dictionary<string, TrainerProcess> nodes = [];
    private string? seed;

    /// <param name="folder">Where runs go.</param>
    /// <param name="config">Laid over cluster.hocon by every node.</param>
    /// <param name="network">Where nodes run on machines of their own; null: all on this one.</param>
    public TestCluster(TemporaryFolder folder, string config, TestNetwork? network = null)
    {
        this.folder = folder;
        this.network = network;
        this.config = folder.Write("nodes.hocon", config);
    }

    /// <summary>The folder of the one run.</summary>
    public string Run => Assert.Single(Directory.GetDirectories(folder.In("runs")));

    /// <summary>Faults that nodes have done to themselves, a line each.</summary>
    public string[] Faults => File.Exists(folder.In("chaos.txt")) ? File.ReadAllLines(folder.In("chaos.txt")) : [];

    public TrainerProcess this[string name] => nodes[name];

    /// <summary>Starts a node; its role is its name without the number.</summary>
    /// <param name="name">Such as worker-1.</param>
    /// <param name="machine">Counts from 0; without a network no matter.</param>
    /// <param name="arguments">What else it is told.</param>
    public TrainerProcess Start(string name, int machine = 0, params string[] arguments)
    {
        string[] command =
        [
            "node", "--name", name, "--role", name[..name.LastIndexOf('-')], "--config", config, "--out", folder.In("runs"),
            .. network is null ? (string[])[] : ["--insecure", "--host", network.Machines[machine].Address], .. seed is null ? (string[])[] : ["--seed", seed], .. arguments,
        ];
        var node = network is null ? TrainerProcess.Start(folder.Path, command) : TrainerProcess.StartOn(network.Machines[machine].Name, folder.Path, command);
        nodes[name] = node;
        return node;
    }

    /// <summary>Starts the first node, and waits for it.</summary>
    public async Task FoundAsync(string name, int machine = 0, params string[] arguments)
    {
        var node = Start(name, machine, arguments);
        await node.UntilItPrintsAsync("\"node-started\"");
        seed = AddressOf(name);
    }

    /// <summary>Waits until the coordinator knows a node.</summary>
    public Task JoinedAsync(TrainerProcess coordinator, string name) =>
        coordinator.UntilItPrintsAsync($"\"event\":\"node-joined\",\"fields\":{{\"node\":\"{name}\"");

    /// <summary>Waits until the coordinator's node sees a node that it knows as a full member: nodes that become so together have no order of age.</summary>
    public Task IsMemberAsync(TrainerProcess coordinator, string name) =>
        coordinator.UntilItPrintsAsync($"trainer@{AddressOf(name)}\",\"status\":\"Up\"");

    /// <summary>Writes a plan of faults, a line each, and returns the arguments that give it to a node.</summary>
    public string[] Plan(params string[] faults) =>
        ["--chaos", folder.Write("plan.hocon", $"faults = [\n{string.Join('\n', faults)}\n]\n"), "--chaos-record", folder.In("chaos.txt")];

    /// <summary>Waits until a node comes to a fault of the plan.</summary>
    /// <param name="node">The node.</param>
    /// <param name="phase">The fault's.</param>
    public Task FaultAsync(string node, string phase) => nodes[node].UntilAsync(
        () => Faults.Any(fault => fault.Split(' ') is var words && words[1] == node && words[4] == phase), $"a fault of {node} {phase}");

    /// <summary>A node that the others go on without says so and ends.</summary>
    public async Task EndsSayingWhyAsync(string name)
    {
        var ended = await nodes[name].EndAsync(TrainerProcess.Patience);
        Assert.Equal(1, ended.Code);
        Assert.Contains($"trainer: {name} is no longer a member of its cluster: ", ended.Error, StringComparison.Ordinal);
    }

    public string AddressOf(string name) => Field(JsonDocument.Parse(nodes[name].Printed("\"node-started\"")).RootElement, "address");

    /// <summary>Gives the cluster a job, through a node that takes part in no fault.</summary>
    public TrainerProcess Submit(string job, string through, params string[] arguments) => TrainerProcess.Start(
        folder.Path, ["submit", job, "--seed", AddressOf(through), .. network is null ? (string[])[] : ["--insecure"], .. arguments]);

    /// <summary>The run's events of a name.</summary>
    public IEnumerable<JsonElement> Events(string name) =>
        new RunResult(Run).Log.Where(entry => entry.GetProperty("event").GetString() == name);

    /// <summary>The job ends as the undisturbed one did: with its weights, its losses in every step, each sample counted once.</summary>
    public async Task EndsLikeAsync(TrainerProcess submitter, RunResult undisturbed, int epochs)
    {
        var ended = await submitter.EndAsync(2 * TrainerProcess.Patience);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        var run = new RunResult(Run);
        Assert.Equal(undisturbed.WeightsSha256, run.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, run.StepLosses);
        Assert.Equal(undisturbed.TestLoss, run.TestLoss);
        var audit = await TrainerProcess.RunAsync(folder.Path, "audit", Run);
        Assert.True(audit.Code == 0, $"{audit.Output} {audit.Error}");
        Assert.Equal(epochs, Counted().Count(audit.Output));
    }

    public static string Field(JsonElement entry, string name) => entry.GetProperty("fields").GetProperty(name).GetString()!;

    public void Dispose()
    {
        foreach (var node in nodes.Values)
            node.Dispose();
    }

    [GeneratedRegex("each counted once")]
    private static partial Regex Counted();
}
