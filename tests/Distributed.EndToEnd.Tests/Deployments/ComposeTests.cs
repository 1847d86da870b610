using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Distributed.EndToEnd.Tests;

/// <summary><c>deploy/docker</c>: its files, and the commands of its services on machines made of network namespaces.</summary>
public class ComposeTests
{
    private static readonly string[] Keys =
    [
        "build", "cap_drop", "command", "depends_on", "entrypoint", "environment", "healthcheck", "hostname", "image", "init", "mem_limit", "read_only",
        "restart", "security_opt", "stop_grace_period", "tmpfs", "volumes",
    ];

    [Fact]
    public void The_file_names_only_what_it_has()
    {
        var file = Read();
        Assert.Empty(file.Keys.Except(["name", "services", "volumes", "x-node"]));
        var services = Services(file);
        Assert.Equal("certificates coordinator server-1 server-2 worker-1 worker-2 worker-3 worker-4", string.Join(' ', services.Keys));
        var volumes = ((Dictionary<object, object>)file["volumes"]).Keys.Cast<string>().ToArray();
        foreach (var (name, service) in services)
        {
            Assert.Empty(service.Keys.Except(Keys));
            Assert.All((List<object>)service["volumes"], volume => Assert.Contains(((string)volume).Split(':')[0], volumes));
            Assert.Equal("1m", service["stop_grace_period"]);
            if (name == "certificates") continue;
            Assert.Equal(name, service["hostname"]);
            foreach (var (needed, how) in (Dictionary<object, object>)service["depends_on"])
            {
                Assert.Contains((string)needed, services.Keys);
                Assert.Contains((string)((Dictionary<object, object>)how)["condition"], (string[])["service_healthy", "service_completed_successfully"]);
            }

            // All of a role are told the same, but for their own name.
            var first = services.First(service => service.Key.StartsWith(name.Split('-')[0], StringComparison.Ordinal));
            Assert.Equal((string)first.Value["command"], ((string)service["command"]).Replace(name, first.Key, StringComparison.Ordinal));
            Assert.DoesNotContain("--insecure", (string)service["command"], StringComparison.Ordinal);
        }

        Assert.True(TimeSpan.FromMinutes(1) > Deploy.Drain + Deploy.Leaving);
        // The services' commands are arguments of it.
        Assert.Contains("ENTRYPOINT [\"trainer\"]", File.ReadAllLines(Deploy.At("docker", "Dockerfile")));
    }

    [ToolFact("docker-compose")]
    public async Task Composes_own_check_passes()
    {
        using var folder = new TemporaryFolder();
        // The release that Debian 12 has is older than the project's name in the file.
        var lines = File.ReadAllLines(Deploy.At("docker", "compose.yaml")).Where(line => !line.StartsWith("name:", StringComparison.Ordinal));
        var file = folder.Write("compose.yaml", string.Join('\n', lines));
        await Deploy.RunAsync(
            TrainerProcess.Repository, "docker-compose", "--file", file, "--project-directory", Deploy.At("docker"), "config", "--quiet");
    }

    [NetworkFact]
    public async Task The_services_commands_make_a_cluster_that_trains_to_the_bits_of_a_local_run()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder);
        var local = await RunResult.UndisturbedAsync(job);
        var services = Services(Read());
        string[] names = ["coordinator", "server-1", "worker-1", "worker-2"];
        using var network = new TestNetwork(names.Length);
        var hosts = network.WriteHosts(folder, names);
        var folders = new Dictionary<string, string> { ["/data"] = folder.In("data"), ["/certs"] = folder.In("certs"), ["/authority"] = folder.In("authority") };
        foreach (var path in folders.Values) Directory.CreateDirectory(path);
        await MakeCertificates();

        using var coordinator = Start("coordinator");
        await coordinator.UntilItPrintsAsync("node-started");
        using var server = Start("server-1");
        using var first = Start("worker-1");
        using var second = Start("worker-2");
        var words = File.ReadLines(Deploy.At("docker", "compose.yaml")).Single(line => line.Contains("trainer submit", StringComparison.Ordinal)).Split("trainer ")[1].Split(' ');
        using var client = TrainerProcess.StartOn(
            network.Machines[0].Name, folder.Path, hosts, [],
            ["dotnet", TrainerProcess.Program, .. Deploy.Sized(words, workers: 2, servers: 1).Select(word => word == "digits" ? job : Deploy.Map(word, folders))]);
        var ended = await client.EndAsync(TrainerProcess.Patience);

        Assert.True(ended.Code == 0, $"{ended.Output} {ended.Error}");
        Assert.Equal(local.WeightsSha256, new RunResult(Assert.Single(Directory.GetDirectories(folder.In("data/runs")))).WeightsSha256);
        await Deploy.StopAsync(second, first, server, coordinator);

        TrainerProcess Start(string name) => TrainerProcess.StartOn(
            network.Machines[Array.IndexOf(names, name)].Name, folder.Path, hosts, [],
            ["dotnet", TrainerProcess.Program, .. ((string)services[name]["command"]).Split(' ').Select(word => Deploy.Map(word, folders))]);

        // Twice, as at a second start: what is there stays.
        async Task MakeCertificates()
        {
            folder.WriteProgram("trainer", $"#!/bin/sh\nexec dotnet '{TrainerProcess.Program}' \"$@\"\n");
            var service = services["certificates"];
            // Compose writes a dollar of its own as two.
            var script = ((string)((List<object>)service["command"]).Single()).Replace("$$", "$", StringComparison.Ordinal);
            foreach (var (path, here) in folders) script = script.Replace($" {path}", $" {here}", StringComparison.Ordinal);
            var entry = ((List<object>)service["entrypoint"]).Cast<string>().ToArray();
            var before = "";
            for (var time = 0; time < 2; time++)
            {
                await Deploy.RunAsync(folder.Path, ["env", $"PATH={folder.Path}:{Environment.GetEnvironmentVariable("PATH")}", .. entry, script]);
                var after = File.ReadAllText(folder.In("certs/worker-4/node.crt"));
                Assert.True(time == 0 || before == after);
                before = after;
            }

            Assert.Empty(Directory.GetFiles(folder.In("certs"), "authority.key", SearchOption.AllDirectories));
        }
    }

    private static Dictionary<string, object> Read()
    {
        using var text = File.OpenText(Deploy.At("docker", "compose.yaml"));
        return new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(new MergingParser(new Parser(text)));
    }

    private static Dictionary<string, Dictionary<string, object>> Services(Dictionary<string, object> file) => ((Dictionary<object, object>)file["services"])
        .ToDictionary(service => (string)service.Key, service => ((Dictionary<object, object>)service.Value).ToDictionary(pair => (string)pair.Key, pair => pair.Value));
}
