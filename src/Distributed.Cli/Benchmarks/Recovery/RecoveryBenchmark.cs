using System.Diagnostics;
using System.Threading.Channels;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;

namespace Distributed.Cli.Benchmarks.Recovery;

/// <summary>
/// Measures how long a run stands still when a process of it is killed or stands still: one run of real processes, to which faults are done one
/// after another. The clock runs from the fault until the coordinator knows of a step that was committed after it.
/// </summary>
internal sealed class RecoveryBenchmark(OwnProgram program, int rounds, Action<string> told)
{
    /// <summary>How often the coordinator tells where it is: what is measured is no finer.</summary>
    private const string Settings = "trainer.progress-interval = 50ms\n";

    /// <summary>Nothing that is waited for here takes as long, however loaded the machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Channel<(RunProgress Progress, long At)> snapshots = Channel.CreateUnbounded<(RunProgress, long)>();

    /// <summary>Runs the job until all faults are done, and ends it.</summary>
    /// <param name="job">A job that is long enough for all of them, with checkpoints.</param>
    /// <param name="onKill">Is handed what ends all child processes at once, for a user who insists.</param>
    /// <param name="cancellation">Ends the benchmark.</param>
    public async Task<IReadOnlyList<RecoveryFigures>> RunAsync(Job job, Action<Action> onKill, CancellationToken cancellation)
    {
        var scratch = Directory.CreateTempSubdirectory("trainer-bench-");
        try
        {
            var config = Path.Combine(scratch.FullName, "settings.hocon");
            File.WriteAllText(config, Settings);
            await using var nodes = new LocalNodes(program, job.Workers, job.Threads);
            onKill(nodes.KillAll);
            var options = new NodeOptions { Name = "coordinator", Roles = ["coordinator"], ConfigFile = config, RunsFolder = scratch.FullName };
            await using var coordinator = await TrainerNode.StartAsync(options, static _ => { }, cancellation);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var run = new LocalRun(coordinator, nodes).RunAsync(
                job, Path.Combine(scratch.FullName, "run"), null, snapshot => snapshots.Writer.TryWrite((snapshot, Stopwatch.GetTimestamp())), static _ => { },
                ["--config", config], over.Token);
            try
            {
                _ = run.ContinueWith(
                    ended => snapshots.Writer.TryComplete(
                        ended.Exception ?? (Exception)new InvalidOperationException($"the run has ended: {ended.Result.Outcome.Reason}")),
                    CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                return await MeasureAsync(job, nodes, cancellation);
            }
            finally
            {
                await over.CancelAsync();
                await run;
            }
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private async Task<IReadOnlyList<RecoveryFigures>> MeasureAsync(Job job, LocalNodes nodes, CancellationToken cancellation)
    {
        (string Name, string Node, int Signal)[] faults =
        [
            ("killed worker", "worker-1", ProcessSignal.Kill),
            ("killed server", "server-1", ProcessSignal.Kill),
            ("silent worker", "worker-1", ProcessSignal.Stop),
        ];
        var figures = new List<RecoveryFigures>();
        foreach (var (name, node, signal) in faults)
        {
            var samples = new List<RecoverySample>();
            for (var round = 1; round <= rounds; round++)
            {
                var sample = await MeasureAsync(job, nodes, node, signal, cancellation);
                samples.Add(sample);
                told($"{name} {round} of {rounds}: noticed after {sample.Noticed:F2} s, linked anew after {sample.Regrouped:F2} s, next step after {sample.NextStep:F2} s, "
                    + $"{sample.StepsAgain} steps made again");
            }

            figures.Add(RecoveryFigures.Of(name, samples));
        }

        return figures;
    }

    private async Task<RecoverySample> MeasureAsync(Job job, LocalNodes nodes, string node, int signal, CancellationToken cancellation)
    {
        // All are there, and steps are being made.
        var (all, _) = await NextAsync(
            progress => progress.Phase == "training" && progress.Workers.Length == job.Workers && Array.TrueForAll(progress.Workers, worker => worker.Slots != "none"),
            "all workers", cancellation);
        var (before, _) = await NextAsync(progress => progress.Phase == "training" && progress.Step > all.Step + 20, "more steps", cancellation);
        var process = nodes.Nodes.Last(known => known.Name == node);

        var fault = Stopwatch.GetTimestamp();
        ProcessSignal.Send(process.Id, signal);
        var (_, noticed) = await NextAsync(progress => progress.Phase != "training", $"the loss of {node} to be noticed", cancellation);
        var (regrouped, linked) = await NextAsync(progress => progress.Phase == "training", "training to go on", cancellation);
        var (_, committed) = await NextAsync(progress => progress.Step > regrouped.Step, "the next step", cancellation);

        if (signal == ProcessSignal.Stop) ProcessSignal.Send(process.Id, ProcessSignal.Continue);
        await NextAsync(progress => progress.Step > before.Step, "the step before the fault", cancellation);
        return new RecoverySample(
            Stopwatch.GetElapsedTime(fault, noticed).TotalSeconds, Stopwatch.GetElapsedTime(fault, linked).TotalSeconds,
            Stopwatch.GetElapsedTime(fault, committed).TotalSeconds, Math.Max(0, before.Step - regrouped.Step));
    }

    /// <summary>The next snapshot that fits, and when it came.</summary>
    private async Task<(RunProgress Progress, long At)> NextAsync(Func<RunProgress, bool> fits, string what, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            while (true)
                if (await snapshots.Reader.ReadAsync(patience.Token) is var snapshot && fits(snapshot.Progress))
                    return snapshot;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"waited {Patience.TotalSeconds:F0} s for {what}");
        }
    }
}
