using System.Diagnostics;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cli.Benchmarks;

/// <summary>
/// What settings of a job cost: it runs without and with them on the same workers and servers, in turn and several times over. The whole time of
/// the steps counts, so that what happens now and then (a checkpoint) is in it.
/// </summary>
internal sealed class CompareBenchmark(OwnProgram program, int rounds, Action<string> told)
{
    /// <summary>Steps at the beginning, which warm everything up and do not count.</summary>
    public const int WarmSteps = 20;

    /// <summary>Measures one model.</summary>
    /// <param name="without">The job; its workers and servers are those of <paramref name="with"/>.</param>
    /// <param name="with">The job with the settings.</param>
    /// <param name="config">The cluster's settings; null takes those that ship.</param>
    /// <param name="onKill">Is handed what ends all child processes at once, for a user who insists.</param>
    /// <param name="cancellation">Ends the benchmark.</param>
    public async Task<CompareFigures> RunAsync(string name, Job without, Job with, string? config, Action<Action> onKill, CancellationToken cancellation)
    {
        await using var cluster = await BenchCluster.StartAsync(program, without, config, onKill, cancellation);
        var samples = new List<(double Without, double With)>();
        // The first round warms everything up and is not counted.
        for (var round = 0; round <= rounds; round++)
        {
            var (bare, dressed) = (await MeasureAsync(without), await MeasureAsync(with));
            if (round == 0) continue;
            samples.Add((bare, dressed));
            told($"{name}: round {round} of {rounds}: without {bare:F2} ms, with {dressed:F2} ms");
        }

        return CompareFigures.Of(name, samples);

        async Task<double> MeasureAsync(Job job)
        {
            var pace = new Pace();
            var folder = cluster.PathOf("run");
            var outcome = await cluster.Coordinator.RunJobAsync(job, folder, pace.Observe, cancellation);
            cancellation.ThrowIfCancellationRequested();
            if (outcome.Status != JobStatus.Completed) throw new InvalidOperationException($"{name}: {outcome.Reason ?? "the job failed"}");
            Directory.Delete(folder, recursive: true);
            return pace.MillisecondsAStep;
        }
    }

    /// <summary>The time from the first step that counts to the newest that was told of; what comes after training is no part of it.</summary>
    private sealed class Pace
    {
        private (long Step, long At)? first;
        private (long Step, long At) last;

        public double MillisecondsAStep => first is { } begin && last.Step > begin.Step
            ? Stopwatch.GetElapsedTime(begin.At, last.At).TotalMilliseconds / (last.Step - begin.Step)
            : throw new BadInputException("--steps: expected more, as the run was over before its steps could be told apart");

        public void Observe(RunProgress progress)
        {
            if (progress.Phase != "training" || progress.Step < WarmSteps || progress.Step == last.Step) return;
            last = (progress.Step, Stopwatch.GetTimestamp());
            first ??= last;
        }
    }
}
