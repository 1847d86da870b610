using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Benchmarks.Memory;

/// <summary>A process of a run that is looked at.</summary>
/// <param name="Status">What it says of itself.</param>
internal sealed record WatchedNode(string Name, int ProcessId, NodeStatus Status);

/// <summary>Trains a job with real processes and has them looked at now and then while it trains; then ends it.</summary>
internal sealed class WatchedRun(OwnProgram program)
{
    /// <summary>Nothing that is waited for here takes as long, however loaded the machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Runs the job until <paramref name="look"/> has seen enough.</summary>
    /// <param name="job">A job that is long enough.</param>
    /// <param name="config">The cluster's settings; null takes those that ship.</param>
    /// <param name="every">Between two looks.</param>
    /// <param name="look">Is given the step and all processes, the coordinator's too, in training; false when it has seen enough.</param>
    /// <param name="onKill">Is handed what ends all child processes at once, for a user who insists.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <exception cref="InvalidOperationException">The job ended before that.</exception>
    public async Task RunAsync(
        Job job, string? config, TimeSpan every, Func<long, IReadOnlyList<WatchedNode>, bool> look, Action<Action> onKill, CancellationToken cancellation)
    {
        await using var cluster = await BenchCluster.StartAsync(program, job, config, onKill, cancellation);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var run = cluster.Coordinator.RunJobAsync(job, cluster.PathOf("run"), static _ => { }, enough.Token);
        try
        {
            while (await Task.WhenAny(run, Task.Delay(every, cancellation)) != run)
            {
                cancellation.ThrowIfCancellationRequested();
                var status = await cluster.Coordinator.StatusAsync(Patience);
                if (status.Run?.Progress is { Phase: "training" } progress && !look(progress.Step, [.. All(status)])) break;
            }
        }
        finally
        {
            await enough.CancelAsync();
            await run;
        }

        if ((await run).Status is not JobStatus.Interrupted)
            throw new InvalidOperationException($"{job.Name} ended before it was measured: {(await run).Reason ?? "it has too few steps"}");

        IEnumerable<WatchedNode> All(ClusterStatus status)
        {
            foreach (var known in status.Nodes)
                if (known.Node == "coordinator")
                    yield return new WatchedNode(known.Node, Environment.ProcessId, known);
                else if (cluster.Nodes.Nodes.LastOrDefault(node => node.Name == known.Node) is { } child)
                    yield return new WatchedNode(known.Node, child.Id, known);
        }
    }
}
