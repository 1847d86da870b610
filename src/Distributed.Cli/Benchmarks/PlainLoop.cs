using System.Globalization;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Learning;
using TorchSharp;

namespace Distributed.Cli.Benchmarks;

/// <summary>
/// A child process that trains with the plain TorchSharp loop, without any server: what a step costs by itself. It stays alive between
/// measurements, so that none of them pays for its start.
/// </summary>
internal sealed class PlainLoop : IDisposable
{
    /// <summary>How long a measurement may take before its process is given up.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private readonly BenchProcess process;

    private PlainLoop(BenchProcess process) => this.process = process;

    /// <summary>Starts the child; it draws its data meanwhile.</summary>
    public static PlainLoop Start(OwnProgram program, string job, int threads) =>
        new(BenchProcess.Start(program, "the process of the plain loop", threads, "plain", job));

    /// <summary>Has the child train for some steps.</summary>
    /// <returns>The time of each step in milliseconds.</returns>
    /// <exception cref="TimeoutException">The child does not answer.</exception>
    /// <exception cref="IOException">The child is gone.</exception>
    public async Task<double[]> MeasureAsync(int steps, CancellationToken cancellation)
    {
        var answer = await process.AskAsync(steps.ToString(CultureInfo.InvariantCulture), Bound, cancellation);
        return [.. answer.Split(' ').Select(time => double.Parse(time, CultureInfo.InvariantCulture))];
    }

    /// <summary>The child's side: a number of steps a line comes in, their times on a line go out; ends with its input.</summary>
    public static void Serve(Job job, TextReader input, TextWriter output)
    {
        torch.set_num_threads(job.Threads);
        var (training, test) = job.Data.Open(".", job.Seed);
        using (training)
        using (test)
        {
            while (input.ReadLine() is { } line)
            {
                var steps = int.Parse(line, CultureInfo.InvariantCulture);
                var result = PlainTraining.Run(
                    job.Model, training, null, job.Loss.Create(training), job.Optimizer, job.Batch / job.Slots, steps, job.Seed,
                    rates: job.LearningRates(training.Count));
                output.WriteLine(string.Join(' ', result.StepMilliseconds.Select(time => time.ToString("R", CultureInfo.InvariantCulture))));
                output.Flush();
            }
        }
    }

    /// <summary>Ends the child.</summary>
    public void Dispose() => process.Dispose();
}
