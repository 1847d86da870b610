using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Distributed.Cluster.Monitoring;

namespace Distributed.EndToEnd.Tests;

/// <summary>A cluster on this machine that is watched and steered by the commands meant for it, while it trains.</summary>
public class WatchingTests
{
    [Fact]
    public async Task A_cluster_is_watched_from_outside_and_its_queue_is_steered()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder, epochs: 100_000);
        var seed = $"127.0.0.1:{FreePort()}";
        using var head = TrainerProcess.Start(
            folder.Path, "node", "--role", "coordinator", "--role", "server", "--port", seed.Split(':')[1], "--name", "head", "--out", folder.In("runs"), "--metrics-port", "0");
        await head.UntilItPrintsAsync("node-started");
        using var worker = TrainerProcess.Start(folder.Path, "node", "--role", "worker", "--seed", seed, "--name", "worker-a", "--log-format", "text");

        // Both are left to the cluster: nobody waits for them.
        var first = await Run("submit", job, "--seed", seed, "--workers", "1", "--detach");
        var second = await Run("submit", job, "--seed", seed, "--workers", "1", "--detach");
        Assert.Matches("^job [0-9a-f]{8}  run .+/runs/small-", first);
        Assert.Equal(["small running", "small waiting"], await Jobs());
        using var logs = TrainerProcess.Start(folder.Path, "logs", "--seed", seed, "--follow", "--job", first.Split(' ')[1]);
        await logs.UntilItPrintsAsync("small trains ");
        await worker.UntilItPrintsAsync("node at 127.0.0.1:");

        JsonElement status;
        var since = Stopwatch.StartNew();
        do
        {
            Assert.True(since.Elapsed < TrainerProcess.Patience, "no step was done");
            status = JsonDocument.Parse(await Run("status", "--seed", seed, "--json")).RootElement;
        }
        while (status.GetProperty("run").GetProperty("progress").GetProperty("step").GetInt64() < 20);
        Assert.Equal(1, status.GetProperty("waiting").GetInt32());
        Assert.True(status.GetProperty("run").GetProperty("losses").GetArrayLength() > 1);
        Assert.Contains(status.GetProperty("nodes").EnumerateArray(), node => node.GetProperty("node").GetString() == "worker-a" && node.GetProperty("memoryBytes").GetInt64() > 1_000_000);
        var text = await Run("status", "--seed", seed);
        Assert.Contains("worker-a", text, StringComparison.Ordinal);
        Assert.Contains("1 more job waits", text, StringComparison.Ordinal);
        await CheckMetrics(head);

        Assert.EndsWith(" will not run", await Run("cancel", second.Split(' ')[1], "--seed", seed), StringComparison.Ordinal);
        Assert.Contains("is asked to stop", await Run("cancel", "small", "--seed", seed), StringComparison.Ordinal);
        var log = await logs.EndAsync(TrainerProcess.Patience);
        Assert.Equal((0, ""), (log.Code, log.Error));
        Assert.Contains("small ended: Interrupted (reason stopped at step ", log.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', log.Output);
        Assert.Equal(["small interrupted", "small interrupted"], await Jobs());

        // The run's folder tells the same when the cluster is gone.
        var run = first.Split("  run ")[1];
        foreach (var node in (TrainerProcess[])[worker, head])
        {
            node.Signal(TrainerProcess.Terminate);
            Assert.Equal(0, (await node.EndAsync(TrainerProcess.Patience)).Code);
        }

        Assert.Contains("interrupted", await Run("status", run), StringComparison.Ordinal);
        var events = (await Run("logs", run, "--json", "--follow", "--node", "head", "--event", "job-*")).Split('\n').Select(line => JsonLines.Parse(line).Event).ToArray();
        Assert.Equal(["job-accepted", "job-started", "job-ended"], events.Where(name => name is not "job-ended").Append(events[^1]).Distinct());

        async Task<string> Run(params string[] arguments)
        {
            var ended = await TrainerProcess.RunAsync(folder.Path, arguments);
            Assert.True(ended.Code == 0, $"{string.Join(' ', arguments)}: exit code {ended.Code}: {ended.Error}");
            return ended.Output;
        }

        async Task<IEnumerable<string>> Jobs() => JsonDocument.Parse(await Run("jobs", "--seed", seed, "--json")).RootElement.EnumerateArray()
            .Select(entry => $"{entry.GetProperty("name").GetString()} {entry.GetProperty("state").GetString()}").Order().ToArray();
    }

    [TerminalFact]
    public async Task The_view_of_a_run_fills_the_terminal_and_gives_it_back()
    {
        using var folder = new TemporaryFolder();
        using var run = TrainerProcess.Start(folder.Path, "local", SmallJob.Write(folder, epochs: 100_000), "--out", folder.In("run"));
        await run.UntilItPrintsAsync("epoch 2/");
        using var terminal = new TestTerminal(folder.Path, "before");
        await terminal.UntilAsync("before");
        terminal.Type($"dotnet '{TrainerProcess.Program}' watch '{folder.In("run")}'; echo \"code $?\"; stty -a | tr ' ' '\\n' | grep -x -e echo -e icanon\n");
        await terminal.UntilAsync("training loss");
        Assert.Matches("worker-1 +0-3", terminal.Text());
        Assert.Matches("server-1 +1", terminal.Text());
        Assert.Contains(terminal.Text(), c => c is > (char)0x2800 and <= (char)0x28ff);
        Assert.DoesNotContain("before", terminal.Text(), StringComparison.Ordinal);
        terminal.Type("q");
        await terminal.UntilAsync("code 0");
        await terminal.UntilAsync("icanon");
        Assert.Contains("before", terminal.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("training loss", terminal.Text(), StringComparison.Ordinal);
        Assert.Contains("\necho\n", terminal.Text(), StringComparison.Ordinal);
        run.Signal(TrainerProcess.Interrupt);
        Assert.Equal(130, (await run.EndAsync(TrainerProcess.Patience)).Code);
    }

    private static async Task CheckMetrics(TrainerProcess head)
    {
        var address = "";
        await head.UntilAsync(() => (address = AddressIn(head.Output)).Length > 0, "metrics-served");
        using var client = new HttpClient { BaseAddress = new Uri(address), Timeout = TrainerProcess.Patience };
        Assert.Equal("live\n", await client.GetStringAsync("health/live"));
        Assert.Equal("ready\n", await client.GetStringAsync("health/ready"));
        var page = await client.GetStringAsync("metrics");
        foreach (var metric in (string[])["trainer_job_step{", "trainer_server_version{", "trainer_jobs_waiting{", "dotnet_gc_collections_total{"])
            Assert.Contains($"\n{metric}node=\"head\"", page, StringComparison.Ordinal);
    }

    private static string AddressIn(string output) => output.Split('\n').Where(line => line.Contains("metrics-served", StringComparison.Ordinal))
        .Select(line => JsonLines.Parse(line).Fields[0].Value).FirstOrDefault() ?? "";

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
