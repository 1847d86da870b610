namespace Distributed.EndToEnd.Tests;

/// <summary><c>deploy/ssh/launch.sh</c> with network namespaces for machines.</summary>
public class LaunchTests
{
    [NetworkFact]
    public async Task A_launched_job_trains_to_the_bits_of_a_local_one_and_leaves_no_process_and_no_certificate()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder);
        var local = await RunResult.UndisturbedAsync(job);
        using var network = new TestNetwork(2);
        folder.Write("hosts", string.Join('\n', network.Machines.Select(machine => $"{machine.Address}  ssh={machine.Name}  # one of each")));

        using var launch = TrainerProcess.Launch(folder.Path, "hosts", job, "--set", "evaluation.every-epochs=2");
        var ended = await launch.EndAsync(TrainerProcess.Patience);

        Assert.True(ended.Code == 0, $"{ended.Output} {ended.Error}");
        var logs = Assert.Single(Directory.GetDirectories(folder.In("runs")));
        var run = new RunResult(Assert.Single(Directory.GetDirectories(logs)));
        Assert.Equal(local.WeightsSha256, run.WeightsSha256);
        Assert.Equal(2, run.Log.Count(line => line.GetProperty("event").GetString() == "worker-ready"));
        Assert.DoesNotContain(run.Log, line => line.GetProperty("event").GetString() == "insecure");
        Assert.Equal(5, Directory.GetFiles(logs, "*.log").Length);
        Assert.Empty(launch.Children());
        Assert.Empty(Directory.GetFiles(folder.Path, "*.key", SearchOption.AllDirectories));
    }

    [NetworkFact]
    public async Task A_launched_job_ends_with_a_checkpoint_at_an_interrupt()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder, epochs: 10_000);
        using var network = new TestNetwork(1);
        folder.Write("hosts", $"{network.Machines[0].Address} workers=2 servers=1 ssh={network.Machines[0].Name}");

        using var launch = TrainerProcess.Launch(folder.Path, "hosts", job, "--set", "evaluation.every-epochs=0");
        await launch.UntilItPrintsAsync("epoch ");
        launch.Signal(TrainerProcess.Interrupt);
        var ended = await launch.EndAsync(TrainerProcess.Patience);

        Assert.True(ended.Code == 130, $"{ended.Code}: {ended.Output} {ended.Error}");
        var run = Assert.Single(Directory.GetDirectories(Assert.Single(Directory.GetDirectories(folder.In("runs")))));
        Assert.Single(Directory.GetDirectories(Path.Combine(run, "checkpoints")));
        Assert.Empty(launch.Children());
    }

    [NetworkFact]
    public async Task A_launched_job_goes_on_without_a_machine_takes_another_and_ends_with_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder, epochs: 30);
        string[] sets = ["--set", "evaluation.every-epochs=2", "--set", "min-workers=3", "--set", "max-workers=3"];
        var undisturbed = await RunResult.UndisturbedAsync(job);
        using var network = new TestNetwork(4);
        var (names, addresses) = (network.Machines.Select(machine => machine.Name).ToArray(), network.Machines.Select(machine => machine.Address).ToArray());
        folder.Write("hosts", string.Join('\n', Enumerable.Range(0, 3).Select(i => $"{addresses[i]} workers=1 servers={(i < 2 ? 1 : 0)} ssh={names[i]}")));

        // Other tests have the build copied: here it is on the machines already.
        var mark = await Deploy.RunAsync(
            Path.GetDirectoryName(TrainerProcess.Program)!, "bash", "-c", @"find . -type f -printf '%p %s %T@\n' | sort | sha256sum | cut -c1-16");
        foreach (var name in names[..3])
        {
            var place = Directory.CreateDirectory(folder.In($"machines/{name}/.cache/distributed-trainer/program")).FullName;
            File.CreateSymbolicLink(Path.Combine(place, "trainer.dll"), TrainerProcess.Program);
            File.WriteAllText(Path.Combine(place, "../build"), mark);
        }

        using var launch = TrainerProcess.Launch(folder.Path, ["hosts", job, .. sets]);
        await launch.UntilItPrintsAsync("epoch ");
        // The whole machine, its server, too: what the launcher started there has that name.
        foreach (var (name, process) in launch.Children().Where(child => child.Key.EndsWith("-2-1", StringComparison.Ordinal)).ToArray())
        {
            Assert.Contains(name, (string[])["server-2-1", "worker-2-1"]);
            TrainerProcess.Signal(process, TrainerProcess.Kill);
        }

        var logs = Assert.Single(Directory.GetDirectories(folder.In("runs")));
        await Deploy.CertsAsync(folder, "issue", "late", "--role", "worker", "--host", addresses[3], "--authority", Path.Combine(logs, "certs"));
        using var late = TrainerProcess.StartOn(
            names[3], folder.Path, "node", "--role", "worker", "--name", "late", "--host", addresses[3], "--certs", Path.Combine(logs, "certs/late"), "--seed", $"{addresses[0]}:4053");
        var ended = await launch.EndAsync(TrainerProcess.Patience);

        Assert.True(ended.Code == 0, $"{ended.Output} {ended.Error}");
        var run = new RunResult(Assert.Single(Directory.GetDirectories(logs)));
        Assert.Equal(undisturbed.WeightsSha256, run.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, run.StepLosses);
        Assert.Contains(run.Log, line => line.GetProperty("event").GetString() == "member-joined" && line.GetProperty("fields").GetProperty("node").GetString() == "late");
        Assert.Empty(launch.Children());
    }

    [Theory]
    [InlineData("", "hosts: expected a machine a line, found none")]
    [InlineData("10.0.0.1 worker=2", "hosts:1: expected workers=N, servers=N, ssh=TARGET, cores=N, memory=SIZE or gbit=N, got 'worker=2'")]
    [InlineData("10.0.0.1\n10.0.0.2 workers=many", "hosts:2: workers: expected a whole number, got 'many'")]
    [InlineData("10.0.0.1 servers=0", "hosts: a job needs a worker and a server at least")]
    public async Task A_mistake_in_the_list_of_machines_is_one_line(string hosts, string line)
    {
        using var folder = new TemporaryFolder();
        folder.Write("hosts", hosts);
        using var launch = TrainerProcess.Launch(folder.Path, "hosts", "digits");
        var ended = await launch.EndAsync(TrainerProcess.Patience);
        Assert.Equal(2, ended.Code);
        Assert.Equal($"launch.sh: {line}", ended.Error.Trim());
    }
}
