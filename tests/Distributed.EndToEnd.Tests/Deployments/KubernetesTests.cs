using k8s.Models;

namespace Distributed.EndToEnd.Tests;

/// <summary><c>deploy/kubernetes</c>: against Kubernetes' own types, and its commands on machines made of network namespaces.</summary>
public class KubernetesTests
{
    private const string Space = "default";
    private static readonly string[] Roles = ["coordinator", "server", "worker"];

    /// <summary>A test of several hosts that needs kubectl, too.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class KustomizedFactAttribute : FactAttribute
    {
        public KustomizedFactAttribute() => Skip = ToolFactAttribute.Has("kubectl") ? TestNetwork.Missing : "needs kubectl";
    }

    [Fact]
    public void The_base_fits_the_kinds_of_kubernetes_and_fits_together()
    {
        var files = Directory.GetFiles(Deploy.At("kubernetes", "base"), "*.yaml").Where(file => Path.GetFileName(file) != "kustomization.yaml");
        Check([.. files.SelectMany(file => Manifests.Read(File.ReadAllText(file)))]);
        var sets = files.SelectMany(file => Manifests.Read(File.ReadAllText(file))).OfType<V1StatefulSet>();
        // By itself it is no cluster: whoever applies it must say how nodes are kept apart from others.
        Assert.All(sets, set => Assert.DoesNotContain(set.Container().Args, argument => argument is "--certs" or "--insecure"));
    }

    [Fact]
    public void Every_file_of_the_overlays_is_named_and_there()
    {
        var reader = new YamlDotNet.Serialization.Deserializer();
        var folders = Directory.GetFiles(Deploy.At("kubernetes"), "kustomization.yaml", SearchOption.AllDirectories);
        Assert.Equal(4, folders.Length);
        foreach (var file in folders)
        {
            var folder = Path.GetDirectoryName(file)!;
            var content = reader.Deserialize<Dictionary<string, object>>(File.ReadAllText(file));
            Assert.Equal("Kustomization", content["kind"]);
            Assert.Empty(content.Keys.Except(["apiVersion", "kind", "resources", "patches", "replicas"]));
            var named = ((List<object>)content["resources"]).Cast<string>().Concat(
                content.TryGetValue("patches", out var patches) ? ((List<object>)patches).Cast<Dictionary<object, object>>().Where(patch => patch.ContainsKey("path")).Select(patch => (string)patch["path"]) : []).ToArray();
            Assert.All(named, name => Assert.True(File.Exists(Path.Combine(folder, name)) || File.Exists(Path.Combine(folder, name, "kustomization.yaml")), $"{folder}: {name}"));
            Assert.Equal(Directory.GetFiles(folder).Select(Path.GetFileName).Except(["kustomization.yaml"]).Order(), named.Where(name => !name.StartsWith("..", StringComparison.Ordinal)).Order());
        }
    }

    [ToolFact("kubectl")]
    public async Task Every_overlay_builds_and_fits_the_kinds_of_kubernetes()
    {
        foreach (var overlay in Directory.GetDirectories(Deploy.At("kubernetes", "overlays")).Select(folder => Path.GetFileName(folder)))
        {
            var built = await Manifests.BuildAsync(overlay);
            Check(built);
            Assert.All(built.OfType<V1StatefulSet>(), set => Assert.Equal(overlay != "insecure", set.Container().Args.Contains("--certs")));
            Assert.All(built.OfType<V1StatefulSet>(), set => Assert.Equal(overlay == "insecure", set.Container().Args.Contains("--insecure")));
        }

        var shared = (await Manifests.BuildAsync("shared-data")).OfType<V1StatefulSet>();
        Assert.All(shared, set => Assert.Equal("trainer-data", set.Spec.Template.Spec.Volumes.Single(volume => volume.Name == "data").PersistentVolumeClaim.ClaimName));
    }

    [KustomizedFact]
    public async Task The_pods_commands_make_a_cluster_that_trains_to_the_bits_of_a_local_run()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder);
        // The page's command asks for more slots than it has workers, so that more can join.
        var local = await RunResult.UndisturbedAsync(job, "--set", "slots=8");
        var sets = (await Manifests.BuildAsync("tls")).OfType<V1StatefulSet>().ToDictionary(set => set.Metadata.Name);
        using var network = new TestNetwork(4);
        string[] pods = ["coordinator-0", "server-0", "worker-0", "worker-1"];
        var hosts = network.WriteHosts(folder, [.. pods.Select(pod => $"{pod}.trainer.{Space}.svc.cluster.local {pod}")]);
        // As the page beside the manifests says.
        var page = File.ReadAllText(Deploy.At("kubernetes", "README.md"));
        foreach (var line in page.Split('\n').Where(line => line.StartsWith("deploy/trainer certs ", StringComparison.Ordinal)))
            await Deploy.CertsAsync(folder, [.. line.Split(' ').Skip(2).Select(word => word.Trim('\''))]);

        // All at once, as they come: those without a coordinator wait for it.
        var nodes = pods.Reverse().Select(Start).Reverse().ToArray();
        try
        {
            foreach (var machine in network.Machines) await Ready(machine.Address);
            var submit = page.Split('\n').Single(line => line.Contains(" trainer submit ", StringComparison.Ordinal)).Split(' ');
            Assert.Equal(["kubectl", "exec", "coordinator-0", "--", "trainer"], submit[..5]);
            using var client = TrainerProcess.StartOn(
                network.Machines[0].Name, folder.Path, hosts, [],
                ["dotnet", TrainerProcess.Program, .. Deploy.Sized(submit[5..], workers: 2, servers: 1).Select(word => word == "digits" ? job : Deploy.Map(word, Folders("coordinator")))]);
            var ended = await client.EndAsync(TrainerProcess.Patience);
            Assert.True(ended.Code == 0, $"{ended.Output} {ended.Error}");
            var run = new RunResult(Assert.Single(Directory.GetDirectories(folder.In("runs"))));
            Assert.Equal(local.WeightsSha256, run.WeightsSha256);
            Assert.DoesNotContain(run.Log, line => line.GetProperty("event").GetString() == "insecure");
            await Deploy.StopAsync([.. nodes.Reverse()]);
        }
        finally
        {
            foreach (var node in nodes) node.Dispose();
        }

        TrainerProcess Start(string pod)
        {
            var role = pod.Split('-')[0];
            return TrainerProcess.StartOn(
                network.Machines[Array.IndexOf(pods, pod)].Name, folder.Path, hosts,
                sets[role].Environment(pod, Space).Select(variable => $"{variable.Key}={Deploy.Map(variable.Value, Folders(role))}"),
                ["dotnet", TrainerProcess.Program, .. sets[role].Arguments(pod, Space).Select(word => Deploy.Map(word, Folders(role)))]);
        }

        Dictionary<string, string> Folders(string role) => new()
        {
            ["/data"] = folder.Path,
            ["/scratch"] = folder.Path,
            ["/runs"] = folder.In("runs"),
            ["/certs"] = folder.In($"certs/{role}"),
        };
    }

    /// <summary>Waits until a pod's probes say that it is alive and ready.</summary>
    private static async Task Ready(string address)
    {
        using var client = new HttpClient { Timeout = TrainerProcess.Patience };
        var since = System.Diagnostics.Stopwatch.StartNew();
        for (var answer = ""; answer != "ready\n"; await Task.Delay(100))
        {
            Assert.True(since.Elapsed < TrainerProcess.Patience, $"{address} is not ready: {answer}");
            try
            {
                answer = await (await client.GetAsync(new Uri($"http://{address}:9464/health/ready"))).Content.ReadAsStringAsync();
            }
            catch (HttpRequestException exception)
            {
                // It does not listen yet.
                answer = exception.Message;
            }
        }

        Assert.Equal("live\n", await client.GetStringAsync(new Uri($"http://{address}:9464/health/live")));
    }

    private static void Check(IReadOnlyList<object> manifests)
    {
        var service = Assert.Single(manifests.OfType<V1Service>());
        Assert.Equal("None", service.Spec.ClusterIP);
        var sets = manifests.OfType<V1StatefulSet>().ToArray();
        Assert.Equal(Roles, sets.Select(set => set.Metadata.Name).Order());
        foreach (var set in sets)
        {
            var pod = set.Spec.Template;
            var container = set.Container();
            Assert.Equal(service.Metadata.Name, set.Spec.ServiceName);
            Assert.Empty(set.Spec.Selector.MatchLabels.Except(pod.Metadata.Labels));
            Assert.Empty(service.Spec.Selector.Except(pod.Metadata.Labels));
            Assert.True(TimeSpan.FromSeconds(pod.Spec.TerminationGracePeriodSeconds!.Value) > Deploy.Drain + Deploy.Leaving);
            Assert.True(pod.Spec.SecurityContext.RunAsNonRoot);
            Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
            foreach (var kind in (string[])["cpu", "memory"])
                Assert.True(container.Resources.Requests[kind].ToDecimal() <= container.Resources.Limits[kind].ToDecimal());
            foreach (var (probe, path) in new[] { (container.StartupProbe, "/health/live"), (container.LivenessProbe, "/health/live"), (container.ReadinessProbe, "/health/ready") })
            {
                Assert.Equal(path, probe.HttpGet.Path);
                Assert.Contains(container.Ports, port => port.Name == probe.HttpGet.Port.Value);
            }

            Assert.All(container.Ports, port => Assert.Contains(service.Spec.Ports, offered => offered.Name == port.Name && offered.Port == port.ContainerPort));
            var volumes = pod.Spec.Volumes.Select(volume => volume.Name).Concat(set.Spec.VolumeClaimTemplates?.Select(claim => claim.Metadata.Name) ?? []);
            Assert.Equal(volumes.Order(), container.VolumeMounts.Select(mount => mount.Name).Order());
            var budget = Assert.Single(manifests.OfType<V1PodDisruptionBudget>(), budget => budget.Metadata.Name == set.Metadata.Name);
            Assert.Equal(pod.Metadata.Labels, budget.Spec.Selector.MatchLabels);
        }

        var policy = Assert.Single(manifests.OfType<V1NetworkPolicy>());
        Assert.Equal(service.Spec.Selector, policy.Spec.PodSelector.MatchLabels);
        Assert.Equal(service.Spec.Ports.Select(port => $"{port.Port}").Order(), policy.Spec.Ingress.SelectMany(rule => rule.Ports).Select(port => port.Port.Value).Order());
    }
}
