using System.Globalization;

namespace Distributed.EndToEnd.Tests;

/// <summary>
/// Two hosts, which are two addresses of this machine, with a server and two workers each: what a host's workers have computed is summed there, and
/// the bits stay.
/// </summary>
public sealed class SumsOnHostsTests : IDisposable
{
    private const string Model = """
        model { input = [1, 28, 28], layers = [
          { type = conv2d, out = 6, kernel = 3, padding = 1 }, batch-norm, relu, { type = max-pool, kernel = 2 }, flatten
          { type = linear, out = 128 }, relu, { type = dropout, p = 0.25 }, { type = linear, out = 512 }, relu, { type = linear, out = 10 } ] }
        data { format = digits, train = 96, test = 100 }
        """;

    private readonly TemporaryFolder folder = new();
    private readonly TestCluster cluster;

    public SumsOnHostsTests() => cluster = new TestCluster(folder, "");

    public void Dispose()
    {
        cluster.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(SmallJob.Momentum, 0)]
    [InlineData(SmallJob.Everything, 1)]
    public async Task Sums_on_hosts_change_no_bit(string optimizer, int backups)
    {
        var job = Write(optimizer, epochs: 6);
        var alone = await RunResult.UndisturbedAsync(job);
        await StartAsync();
        var run = await SubmitAsync(job, backups);
        Assert.Equal(alone.WeightsSha256, run.WeightsSha256);
        Assert.Equal(alone.StepLosses, run.StepLosses);
        Assert.Equal(alone.TestLoss, run.TestLoss);
        // Workers talk to the server of their host alone, in shared memory.
        var links = Fields(run, "worker-ready").Select(fields => fields.GetProperty("links").GetString()!).ToArray();
        Assert.Equal(4, links.Length);
        Assert.All(links, link => Assert.Matches("^server-[12]:shared-memory$", link));
        if (backups > 0) return;
        // One gradient leaves each host a step and one set of weights comes back, for the half of the shards that is elsewhere.
        var bytes = long.Parse(Fields(run, "job-started").Single().GetProperty("parameters").GetString()!, CultureInfo.InvariantCulture) * sizeof(float);
        var steps = run.Summary.GetProperty("steps").GetInt64();
        Assert.InRange(run.Summary.GetProperty("bytesSent").GetInt64(), 2 * bytes * steps, 2.2 * bytes * (steps + 2));
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_the_middle_changes_no_bit()
    {
        var job = Write(SmallJob.Momentum, epochs: 16);
        var alone = await RunResult.UndisturbedAsync(job);
        await StartAsync();
        using var submitted = Submit(job, 1);
        await submitted.UntilItPrintsAsync("epoch 3/");
        cluster["worker-4"].Signal(TrainerProcess.Kill);
        var run = await EndAsync(submitted);
        Assert.Equal(alone.WeightsSha256, run.WeightsSha256);
        Assert.Equal(alone.StepLosses, run.StepLosses);
        Assert.Single(Fields(run, "member-lost"), lost => lost.GetProperty("node").GetString() == "worker-4");
        Assert.Single(Fields(run, "regrouped"));
    }

    private async Task StartAsync()
    {
        await cluster.FoundAsync("coordinator-1", 0, Host(1));
        (string Name, int Host)[] others = [("server-1", 1), ("server-2", 2), .. Enumerable.Range(1, 4).Select(number => ($"worker-{number}", (number + 1) / 2))];
        foreach (var (name, host) in others)
            cluster.Start(name, 0, Host(host));
        foreach (var (name, _) in others)
            await cluster.JoinedAsync(cluster["coordinator-1"], name);
    }

    private static string[] Host(int number) => ["--host", $"127.0.0.{number}"];

    private TrainerProcess Submit(string job, int backups) => cluster.Submit(
        job, "coordinator-1", "--workers", "4", "--servers", "2", "--set", $"backups={backups}", "--set", "transport.sum-on-hosts=true");

    private async Task<RunResult> SubmitAsync(string job, int backups)
    {
        using var submitted = Submit(job, backups);
        return await EndAsync(submitted);
    }

    private async Task<RunResult> EndAsync(TrainerProcess submitted)
    {
        var ended = await submitted.EndAsync(TrainerProcess.Patience);
        Assert.True(ended.Code == 0, $"{ended.Error} {ended.Output}");
        return new RunResult(cluster.Run);
    }

    private string Write(string optimizer, int epochs) => folder.Write(
        "hosts.hocon",
        string.Create(CultureInfo.InvariantCulture, $"seed = 3\n{Model}\noptimizer {optimizer}\nepochs = {epochs}\nbatch = 24\nslots = 8\nworkers = 1\n"));

    private static System.Text.Json.JsonElement[] Fields(RunResult run, string name) =>
        [.. run.Log.Where(line => line.GetProperty("event").GetString() == name).Select(line => line.GetProperty("fields"))];
}
