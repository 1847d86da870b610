namespace Distributed.EndToEnd.Tests;

/// <summary><c>deploy/systemd</c>: by systemd's own checks, and its commands on machines made of network namespaces.</summary>
public class SystemdTests
{
    private const string Coordinator = "trainer-coordinator.service";
    private const string Server = "trainer-server@.service";
    private const string Worker = "trainer-worker@.service";
    private static readonly string[] Units = [Coordinator, Server, Worker];

    [ToolFact("systemd-analyze")]
    public async Task The_units_pass_systemds_checks()
    {
        using var folder = new TemporaryFolder();
        // The program is not installed here; all else is as it is.
        var files = Units.Select(unit => folder.Write(
            unit, File.ReadAllText(Deploy.At("systemd", unit)).Replace("/opt/trainer/trainer", "/usr/bin/env", StringComparison.Ordinal))).ToArray();
        Assert.Empty(await Deploy.RunAsync(folder.Path, ["systemd-analyze", "verify", "--man=no", .. files]));
        // Of 100, which a unit without any hardening nearly has.
        foreach (var file in files)
            await Deploy.RunAsync(folder.Path, "systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=25", file);
    }

    [Fact]
    public void The_units_leave_time_to_drain_and_name_only_what_the_environment_has()
    {
        var environment = Unit.ReadEnvironment(Deploy.At("systemd", "node.env"));
        foreach (var unit in Units.Select(name => new Unit(name)))
        {
            Assert.True(TimeSpan.FromSeconds(int.Parse(unit["TimeoutStopSec"].Single(), System.Globalization.CultureInfo.InvariantCulture)) > Deploy.Drain + Deploy.Leaving);
            Assert.Equal("on-failure", unit["Restart"].Single());
            Assert.Equal("/etc/trainer/node.env", unit["EnvironmentFile"].Single());
            Assert.DoesNotContain(unit.Command("rack", "1", environment), word => word.AsSpan().ContainsAny("$%{}"));
        }
    }

    [NetworkFact]
    public async Task A_cluster_of_the_units_loses_a_host_gains_another_shows_it_and_ends_with_the_bits_of_an_undisturbed_run()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder, epochs: 30);
        string[] sets = ["--set", "evaluation.every-epochs=2", "--set", "min-workers=2", "--set", "max-workers=2"];
        var undisturbed = await RunResult.UndisturbedAsync(job);
        using var network = new TestNetwork(5);
        string[] machines = ["rack-1", "rack-2", "rack-3", "rack-4", "desk"];
        var hosts = network.WriteHosts(folder, machines);
        await Deploy.CertsAsync(folder, "init");
        await Deploy.CertsAsync(folder, "issue", "desk", "--role", "client");
        foreach (var machine in machines[..4]) await Prepare(machine);
        var seed = $"{network.Machines[0].Address}:4053";

        using var head = Start(0, Coordinator);
        using var firstServer = Start(0, Server);
        using var lostServer = Start(1, Server);
        using var lostWorker = Start(1, Worker);
        using var kept = Start(2, Worker);
        await head.UntilItPrintsAsync("node-started");
        using var client = Client("submit", [job, "--workers", "2", "--servers", "2", .. sets]);
        using var screen = TestTerminal.Missing is null ? new TestTerminal(folder.Path, "before") : null;
        await client.UntilItPrintsAsync("epoch ");
        network.Cut(1);

        // Nobody can go on before another host comes: what is shown meanwhile is as it happens.
        using var logs = Client("logs", "--follow");
        await logs.UntilItPrintsAsync("waiting-for-members");
        var status = await Status();
        Assert.Contains("waiting for nodes", status.Output, StringComparison.Ordinal);
        Assert.Contains("rack-3-worker-1", status.Output, StringComparison.Ordinal);
        screen?.Type($"ip netns exec {network.Machines[4].Name} dotnet '{TrainerProcess.Program}' watch --certs certs/desk --seed {seed}\n");
        await (screen?.UntilAsync("waiting for nodes") ?? Task.CompletedTask);
        Assert.Contains("rack-3-worker-1", screen?.Text() ?? "rack-3-worker-1", StringComparison.Ordinal);

        using var gained = Start(3, Worker);
        await logs.UntilItPrintsAsync("member-joined", after: "waiting-for-members");
        await (screen?.UntilAsync("rack-4-worker-1") ?? Task.CompletedTask);
        var ended = await client.EndAsync(TrainerProcess.Patience);

        Assert.True(ended.Code == 0, $"{ended.Output} {ended.Error}");
        var run = new RunResult(Assert.Single(Directory.GetDirectories(folder.In("rack-1/runs"))));
        Assert.Equal(undisturbed.WeightsSha256, run.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, run.StepLosses);
        var log = await logs.EndAsync(TrainerProcess.Patience);
        Assert.Matches(@"(?s)member-lost .*rack-2-.*waiting-for-members .*member-joined .*rack-4-worker-1.*regrouped .*job-ended ", log.Output);
        await (screen?.UntilAsync("completed") ?? Task.CompletedTask);
        await Deploy.StopAsync(kept, gained, firstServer, head);

        // A machine whose cores all compute may take longer for an answer than the command waits.
        async Task<Ended> Status()
        {
            var since = System.Diagnostics.Stopwatch.StartNew();
            while (true)
            {
                using var asked = Client("status");
                var answer = await asked.EndAsync(TrainerProcess.Patience);
                if (answer.Code == 0) return answer;
                Assert.True(since.Elapsed < TrainerProcess.Patience, answer.Error);
            }
        }

        // What the units' page has its reader do.
        async Task Prepare(string machine)
        {
            var (_, address) = network.Machines[Array.IndexOf(machines, machine)];
            await Deploy.CertsAsync(folder, "issue", machine, "--role", "coordinator", "--role", "server", "--role", "worker", "--host", address);
            Directory.CreateDirectory(folder.In(machine));
            folder.Write($"{machine}/seeds", File.ReadAllText(Deploy.At("systemd", "seeds")).Replace("10.0.0.1", network.Machines[0].Address, StringComparison.Ordinal));
        }

        TrainerProcess Start(int machine, string unit)
        {
            var folders = new Dictionary<string, string>
            {
                ["/etc/trainer/certs"] = folder.In($"certs/{machines[machine]}"),
                ["/etc/trainer"] = folder.In(machines[machine]),
                ["/var/lib/trainer"] = folder.In(machines[machine]),
            };
            var environment = Unit.ReadEnvironment(Deploy.At("systemd", "node.env"));
            environment["TRAINER_HOST"] = network.Machines[machine].Address;
            environment["TRAINER_OPTIONS"] = "--log-format json";
            var words = new Unit(unit).Command(machines[machine], "1", environment).ToArray();
            Assert.Equal("/opt/trainer/trainer", words[0]);
            return TrainerProcess.StartOn(
                network.Machines[machine].Name, folder.In(machines[machine]), hosts, [],
                ["dotnet", TrainerProcess.Program, .. words[1..].Select(word => Deploy.Map(word, folders))]);
        }

        TrainerProcess Client(string command, params string[] arguments) => TrainerProcess.StartOn(
            network.Machines[4].Name, folder.Path, [command, .. arguments, "--certs", "certs/desk", "--seed", seed]);
    }
}
