using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>A cluster whose nodes have data folders of their own: without the job's file, and with another one.</summary>
public sealed class DataFoldersTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<TrainerProcess> nodes = [];

    public void Dispose()
    {
        foreach (var node in nodes)
            node.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_worker_without_the_data_receives_it_and_one_with_other_data_is_refused_by_name()
    {
        // Several chunks, in a folder that the other worker has not.
        var text = string.Concat(Enumerable.Range(0, 30_000).Select(i => $"{(char)('a' + (i * i % 7))}bcdefghij"));
        foreach (var name in (string[])["has/texts", "lacks", "differs/texts"])
            Directory.CreateDirectory(folder.In(name));
        folder.Write("has/texts/input.txt", text);
        folder.Write("differs/texts/input.txt", text[..^1] + "k");
        var job = folder.Write("letters.hocon", """
            seed = 7
            model { input = [8], layers = [{ type = embedding, tokens = 256, width = 4 }, { type = linear, out = 256 }] }
            data { format = text, file = "texts/input.txt", time = 8, unit = bytes }
            loss = cross-entropy
            optimizer { type = sgd, learning-rate = 0.05 }
            steps = 12
            batch = 8
            slots = 2
            """);
        var head = Node("head", "coordinator", "--role", "server", "--out", folder.In("runs"));
        await head.UntilItPrintsAsync("node-started");
        var seed = JsonDocument.Parse(head.Printed("node-started")).RootElement.GetProperty("fields").GetProperty("address").GetString()!;
        Node("worker-a", "worker", "--seed", seed, "--data", "has");
        var second = Node("worker-b", "worker", "--seed", seed, "--data", "lacks", "--fetch-data");

        // The first address is nobody's: the next one is tried.
        string[] submit = ["submit", job, "--seed", "127.0.0.1:9", "--seed", seed, "--workers", "2", "--set", "min-workers=2"];
        var ended = await TrainerProcess.RunAsync(folder.Path, submit);
        Assert.True(ended.Code == 0, $"{ended.Output} {ended.Error}");
        Assert.Equal(text, File.ReadAllText(folder.In("lacks/texts/input.txt")));
        Assert.Single(Directory.GetFiles(folder.In("lacks/texts")));
        var run = new RunResult(Assert.Single(Directory.GetDirectories(folder.In("runs"))));
        Assert.Contains(run.Log, entry => Is(entry, "data-agreed", "holder", "worker-a"));
        Assert.Contains(run.Log, entry => Is(entry, "data-received", "node", "worker-b"));

        second.Signal(TrainerProcess.Terminate);
        Assert.Equal(0, (await second.EndAsync(TrainerProcess.Patience)).Code);
        Node("worker-c", "worker", "--seed", seed, "--data", "differs", "--fetch-data");
        await head.UntilItPrintsAsync("\"worker-c\"");
        var refused = await TrainerProcess.RunAsync(folder.Path, submit);
        Assert.Equal(2, refused.Code);
        Assert.Matches(
            @"trainer: worker-c: differs has another texts/input\.txt than worker-a: 300000 bytes of SHA-256 [0-9a-f]{12}…, there 300000 bytes of [0-9a-f]{12}…: all nodes of a job need the same data$"
            + @"|trainer: worker-a: has has another texts/input\.txt than worker-c: .*", refused.Error);
    }

    private static bool Is(JsonElement entry, string name, string field, string value) =>
        entry.GetProperty("event").GetString() == name && entry.GetProperty("fields").GetProperty(field).GetString() == value;

    private TrainerProcess Node(string name, string role, params string[] arguments)
    {
        var node = TrainerProcess.Start(folder.Path, ["node", "--name", name, "--role", role, .. arguments]);
        nodes.Add(node);
        return node;
    }
}
