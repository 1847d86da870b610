using System.Diagnostics;
using Distributed.Cli.Benchmarks.Peers;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Benchmarks;

/// <summary>
/// Measures whole training steps of one model in three ways, in turn and several times over, because machines drift: the plain loop in
/// one process, the plain loop in as many processes as there are workers (what they reach at most without an exchange), and the cluster; beside
/// them a peer where there is one.
/// </summary>
/// <param name="warmUp">For so long jobs run before any is counted.</param>
/// <param name="peer">PyTorch's DDP; null leaves it out.</param>
internal sealed class StepBenchmark(OwnProgram program, int rounds, int steps, TimeSpan warmUp, DdpPeer? peer, Action<string> told)
{
    /// <summary>By then most of what a step calls is compiled again, since it is called often; what nodes call some times a second takes a minute or two.</summary>
    public static readonly TimeSpan UsualWarmUp = TimeSpan.FromSeconds(10);

    /// <summary>Measures one model.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="job">The benchmark's job: workers, servers and links as they are to be measured.</param>
    /// <param name="config">The cluster's settings; null takes those that ship.</param>
    /// <param name="onKill">Is handed what ends all child processes at once, for a user who insists.</param>
    /// <param name="cancellation">Ends the benchmark.</param>
    public async Task<StepFigures> RunAsync(string name, Job job, string? config, Action<Action> onKill, CancellationToken cancellation)
    {
        var loops = new List<PlainLoop>();
        await using var cluster = await BenchCluster.StartAsync(program, job, config, onKill, cancellation);
        try
        {
            var jobFile = cluster.PathOf("job.hocon");
            File.WriteAllText(jobFile, job.Text);
            for (var number = 0; number < job.Workers; number++) loops.Add(PlainLoop.Start(program, jobFile, job.Threads));

            told($"{name}: warming up for {warmUp.TotalSeconds:F0} s");
            var run = 0;
            for (var warmed = TimeSpan.Zero; run == 0 || warmed < warmUp; run++)
            {
                // The loops as many steps as the cluster: their code is compiled again by the same rules.
                await Task.WhenAll(loops.Select(loop => loop.MeasureAsync(steps, cancellation)));
                var begin = Stopwatch.GetTimestamp();
                await TrainAsync(run);
                warmed += Stopwatch.GetElapsedTime(begin);
            }

            var samples = new List<StepSample>();
            while (samples.Count < rounds)
            {
                var alone = Spread.MedianOf(await loops[0].MeasureAsync(steps, cancellation));
                var together = await Task.WhenAll(loops.Select(loop => loop.MeasureAsync(steps, cancellation)));
                var summary = await TrainAsync(run++);
                var ddp = peer is null ? (double?)null : await peer.MeasureAsync(job.Workers, name, steps, cancellation);
                var sample = new StepSample(
                    alone, together.Max(Spread.MedianOf), SlowestOf(together), summary.StepMilliseconds.Median, summary.ComputeMilliseconds, summary.ExchangeMilliseconds, ddp);
                samples.Add(sample);
                told($"{name}: round {samples.Count} of {rounds}: plain {alone:F2} ms, {job.Workers} at once {sample.Together:F2} ms (slowest of each step {sample.Slowest:F2}), "
                    + $"cluster {sample.Cluster:F2} ms "
                    + $"(compute {summary.ComputeMilliseconds:F2}, exchange {summary.ExchangeMilliseconds:F2}){(ddp is null ? "" : $", DDP {ddp:F2} ms")}");
            }

            var parameters = job.Model.CheckShapes().Sum(layer => layer.Parameters);
            return StepFigures.Of(name, parameters, job.Workers, job.Servers, job.Batch, samples);
        }
        finally
        {
            foreach (var loop in loops) loop.Dispose();
        }

        async Task<RunSummary> TrainAsync(int run)
        {
            var outcome = await cluster.Coordinator.RunJobAsync(job, cluster.PathOf($"run-{run}"), static _ => { }, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return outcome.Summary is { } summary && outcome.Status == JobStatus.Completed
                ? summary
                : throw new InvalidOperationException($"{name}: {outcome.Reason ?? "the job failed"}");
        }
    }

    /// <summary>What steps would take that waited for each other and exchanged nothing: the median over the steps of the loop that was slowest at each.</summary>
    internal static double SlowestOf(IReadOnlyList<IReadOnlyList<double>> loops) =>
        Spread.MedianOf(Enumerable.Range(0, loops[0].Count).Select(step => loops.Max(loop => loop[step])));
}
