namespace Distributed.EndToEnd.Tests;

public class ThreeHostsTests
{
    [NetworkFact]
    public async Task Three_hosts_without_tls_train_to_the_bits_of_one_and_warn_in_every_log()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder);
        var local = await RunResult.UndisturbedAsync(job);
        using var network = new TestNetwork(3);
        var seed = $"{network.Machines[0].Address}:4053";

        // Not by accident.
        using (var unsure = Bare(0, "--role", "coordinator"))
        {
            var refused = await unsure.EndAsync(TrainerProcess.Patience);
            Assert.Equal(2, refused.Code);
            Assert.StartsWith($"trainer: {network.Machines[0].Address} is reached by other machines, so TLS is needed", refused.Error);
        }

        using var head = Node(0, "--role", "coordinator", "--role", "server", "--port", "4053", "--out", folder.In("runs"));
        await head.UntilItPrintsAsync("node-started");
        using var first = Node(1, "--role", "worker", "--seed", seed, "--name", "worker-a");
        using var second = Node(2, "--role", "worker", "--seed", seed, "--name", "worker-b");

        // The job comes from a fourth place, which is no node.
        var ended = await TrainerProcess.RunAsync(folder.Path, "submit", job, "--insecure", "--seed", seed, "--workers", "2");

        Assert.True(ended.Code == 0, ended.Error);
        Assert.Contains("without TLS", ended.Error);
        var run = new RunResult(Assert.Single(Directory.GetDirectories(folder.In("runs"))));
        Assert.Equal(local.WeightsSha256, run.WeightsSha256);
        Assert.Equal(local.TestLoss, run.TestLoss);
        Assert.Contains(local.WeightsSha256, ended.Output);
        var links = run.Log.Where(line => line.GetProperty("event").GetString() == "worker-ready")
            .Select(line => line.GetProperty("fields").GetProperty("links").GetString()!).ToArray();
        Assert.Equal(2, links.Length);
        Assert.All(links, link => Assert.Contains(":tcp", link));
        Assert.All((TrainerProcess[])[head, first, second], node => Assert.Contains("\"warning\"", node.Printed("\"insecure\"")));
        Assert.Equal(3, run.Log.Count(line => line.GetProperty("event").GetString() == "insecure"));

        // The nodes wait for the next job until they are told to end; workers first, so that they can take leave.
        foreach (var node in (TrainerProcess[])[first, second, head])
        {
            node.Signal(TrainerProcess.Terminate);
            var left = await node.EndAsync(TimeSpan.FromSeconds(30));
            Assert.Equal(0, left.Code);
            Assert.Empty(left.Error);
        }

        TrainerProcess Node(int machine, params string[] arguments) => Bare(machine, ["--insecure", .. arguments]);

        TrainerProcess Bare(int machine, params string[] arguments) => TrainerProcess.StartOn(
            network.Machines[machine].Name, folder.Path, ["node", "--host", network.Machines[machine].Address, .. arguments]);
    }
}
