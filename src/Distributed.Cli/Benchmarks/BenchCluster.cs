using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Nodes;

namespace Distributed.Cli.Benchmarks;

/// <summary>A coordinator in this process and the real servers and workers of a job, with a folder for its runs that goes with them.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    private readonly DirectoryInfo scratch = Directory.CreateTempSubdirectory("trainer-bench-");
    private readonly LocalNodes nodes;
    private TrainerNode? coordinator;

    private BenchCluster(LocalNodes nodes) => this.nodes = nodes;

    /// <summary>Takes jobs.</summary>
    public TrainerNode Coordinator => coordinator!;

    /// <summary>The servers and workers.</summary>
    public LocalNodes Nodes => nodes;

    /// <summary>Starts it; nobody waits yet until all have come.</summary>
    /// <param name="program">What the servers and workers run.</param>
    /// <param name="job">What says how many there are.</param>
    /// <param name="config">The cluster's settings, for all of them; null takes those that ship.</param>
    /// <param name="onKill">Is handed what ends all child processes at once, for a user who insists.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <param name="dataFolder">Where data files are; null where the job needs none.</param>
    public static async Task<BenchCluster> StartAsync(
        OwnProgram program, Job job, string? config, Action<Action> onKill, CancellationToken cancellation, string? dataFolder = null)
    {
        var cluster = new BenchCluster(new LocalNodes(program, job.Workers, job.Threads));
        try
        {
            onKill(cluster.nodes.KillAll);
            var options = new NodeOptions { Name = "coordinator", Roles = ["coordinator"], ConfigFile = config, RunsFolder = cluster.scratch.FullName };
            if (dataFolder is not null) options = options with { DataFolder = dataFolder };
            var coordinator = await TrainerNode.StartAsync(options, static _ => { }, cancellation);
            cluster.coordinator = coordinator;
            cluster.nodes.Lost += exit => coordinator.ReportEnded(exit.Name, exit.How);
            cluster.nodes.StartFor(
                job, coordinator.Address,
                [.. dataFolder is null ? (string[])[] : ["--data", dataFolder], .. config is null ? (string[])[] : ["--config", config]]);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A file or a folder of a run in the cluster's folder.</summary>
    public string PathOf(string name) => Path.Combine(scratch.FullName, name);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (coordinator is not null) await coordinator.DisposeAsync();
        }
        finally
        {
            await nodes.DisposeAsync();
            scratch.Delete(recursive: true);
        }
    }
}
