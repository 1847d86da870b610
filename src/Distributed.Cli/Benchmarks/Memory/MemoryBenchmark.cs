using System.Globalization;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Benchmarks.Memory;

/// <summary>How a run is set up whose memory is measured.</summary>
/// <param name="Transport"><c>auto</c> (shared memory on this host) or <c>tcp</c>.</param>
/// <param name="Backups">Second homes of shards.</param>
internal sealed record MemorySetting(int Workers, int Servers, string Transport, int Backups)
{
    /// <summary>A worker: its gradient and, over TCP, two versions of the weights.</summary>
    public const double WorkerBound = 3;

    /// <summary>The servers together: two versions of the weights, momentum, and over TCP one gradient that arrives.</summary>
    public const double ServersBound = 4;

    /// <summary>For people.</summary>
    public string Name => $"{(Transport == "tcp" ? "TCP" : "shared memory")}, {Servers} {(Servers == 1 ? "server" : "servers")}{(Backups > 0 ? ", backups" : "")}";

    /// <summary>Equal layers, so that a larger model differs from a smaller one in its parameters and in little else; SGD with momentum.</summary>
    public Job JobFor(int layers) => Job.Parse("memory", string.Create(CultureInfo.InvariantCulture, $$"""
        name = bench-memory
        seed = 1
        model { input = [1024], layers = [ {{string.Join(", ", Enumerable.Repeat("{ type = linear, out = 1024, bias = false }", layers))}} ] }
        data { format = random, targets = values, outputs = 1024, train = {{64 * Workers}}, test = 1 }
        loss = mean-squared-error
        optimizer { type = sgd, learning-rate = 0.0001, momentum = 0.9 }
        epochs = 100000
        batch = {{Workers}}
        slots = {{Workers}}
        workers = {{Workers}}
        servers = {{Servers}}
        backups = {{Backups}}
        transport.same-host = {{Transport}}
        """), new JobOverrides());
}

/// <summary>
/// Measures what real workers and servers take a byte of the model, with two models that differ in size alone: whatever does not grow with the
/// model falls out.
/// </summary>
internal sealed class MemoryBenchmark(OwnProgram program, int smallLayers, int largeLayers, int looks, Action<string> told)
{
    /// <summary>Steps until everything has been used at least twice.</summary>
    private const int WarmSteps = 20;

    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1.1);

    /// <summary>Bytes of a layer of <see cref="MemorySetting.JobFor"/>.</summary>
    public const long LayerBytes = 1024L * 1024 * sizeof(float);

    /// <summary>Measures one setting: a row of workers, a row of servers.</summary>
    public async Task<IReadOnlyList<MemoryFigures>> RunAsync(MemorySetting setting, string? config, Action<Action> onKill, CancellationToken cancellation)
    {
        var small = await LookAsync(setting, smallLayers, config, onKill, cancellation);
        var large = await LookAsync(setting, largeLayers, config, onKill, cancellation);
        var bytes = (double)((largeLayers - smallLayers) * LayerBytes);
        var promised = setting.Backups == 0;
        return
        [
            MemoryFigures.Of(setting.Name, "a worker", small.Worker, large.Worker, bytes, MemorySetting.WorkerBound),
            MemoryFigures.Of(setting.Name, "the servers together", small.Servers, large.Servers, bytes, promised ? MemorySetting.ServersBound : 2 * MemorySetting.ServersBound),
        ];
    }

    private async Task<(RoleMemory Worker, RoleMemory Servers)> LookAsync(
        MemorySetting setting, int layers, string? config, Action<Action> onKill, CancellationToken cancellation)
    {
        var (workers, servers) = (new List<RoleMemory>(), new List<RoleMemory>());
        await new WatchedRun(program).RunAsync(setting.JobFor(layers), config, Between, Look, onKill, cancellation);
        told($"{setting.Name}: {layers * LayerBytes / 1e6:F0} MB of parameters measured");
        return (RoleMemory.MedianOf(workers), RoleMemory.MedianOf(servers));

        bool Look(long step, IReadOnlyList<WatchedNode> nodes)
        {
            if (step < WarmSteps) return true;
            workers.Add(RoleMemory.OfWorkers(Of("worker-")));
            servers.Add(RoleMemory.OfServers(Of("server-")));
            return workers.Count < looks;

            IEnumerable<WatchedMemory> Of(string role) => nodes.Where(node => node.Name.StartsWith(role, StringComparison.Ordinal))
                .Select(node => new WatchedMemory(ProcessMemory.Of(node.ProcessId), node.Status.ManagedInUse));
        }
    }
}
