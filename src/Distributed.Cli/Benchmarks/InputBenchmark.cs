using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Benchmarks;

/// <summary>Trains jobs with real worker processes and reads from their summaries how long steps waited for their batches.</summary>
internal sealed class InputBenchmark(OwnProgram program, int rounds, string dataFolder, Action<string> told)
{
    /// <summary>Measures one job.</summary>
    /// <param name="job">The job, with as many epochs as are to be measured.</param>
    /// <param name="config">The cluster's settings; null takes those that ship.</param>
    /// <param name="onKill">Is handed what ends all child processes at once, for a user who insists.</param>
    /// <param name="cancellation">Ends the benchmark.</param>
    public async Task<InputFigures> RunAsync(Job job, string? config, Action<Action> onKill, CancellationToken cancellation)
    {
        await using var cluster = await BenchCluster.StartAsync(program, job, config, onKill, cancellation, dataFolder);
        var samples = new List<InputSample>();
        for (var round = 1; round <= rounds; round++)
        {
            var outcome = await cluster.Coordinator.RunJobAsync(job, cluster.PathOf($"round-{round}"), static _ => { }, cancellation);
            cancellation.ThrowIfCancellationRequested();
            if (outcome.Summary is not { } summary || outcome.Status != JobStatus.Completed)
                throw new InvalidOperationException($"{job.Name}: {outcome.Reason ?? "the job failed"}");
            samples.Add(new InputSample(
                summary.StepMilliseconds.Median, summary.ComputeMilliseconds, summary.InputMilliseconds, summary.InputWaitMilliseconds));
            told($"{job.Name}: round {round} of {rounds}: step {samples[^1].Step:F2} ms, input {samples[^1].Input:F2} ms, waited {samples[^1].Wait:F2} ms");
        }

        return InputFigures.Of(job.Name, job.Workers, samples);
    }
}
