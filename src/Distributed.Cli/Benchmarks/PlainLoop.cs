using System.Diagnostics;
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

    private readonly Process process;

    private PlainLoop(Process process) => this.process = process;

    /// <summary>Starts the child; it draws its data meanwhile.</summary>
    public static PlainLoop Start(OwnProgram program, string job, int threads)
    {
        var start = new ProcessStartInfo(program.FileName) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])[.. program.Leading, "bench", "plain", job]) start.ArgumentList.Add(argument);
        foreach (var (variable, value) in NodeProcess.ChildEnvironment(threads)) start.Environment[variable] = value;
        return new PlainLoop(Process.Start(start) ?? throw new InvalidOperationException($"the system started no process for {program.FileName}"));
    }

    /// <summary>Has the child train for some steps.</summary>
    /// <returns>The median time of a step in milliseconds.</returns>
    /// <exception cref="TimeoutException">The child does not answer.</exception>
    /// <exception cref="IOException">The child is gone.</exception>
    public async Task<double> MeasureAsync(int steps, CancellationToken cancellation)
    {
        await process.StandardInput.WriteLineAsync(steps.ToString(CultureInfo.InvariantCulture).AsMemory(), cancellation);
        var line = await process.StandardOutput.ReadLineAsync(cancellation).AsTask().WaitAsync(Bound, cancellation)
            ?? throw new IOException("the process of the plain loop ended before its result");
        return double.Parse(line, CultureInfo.InvariantCulture);
    }

    /// <summary>The child's side: a number of steps a line comes in, a median a line goes out; ends with its input.</summary>
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
                output.WriteLine(result.MedianStepMilliseconds.ToString("R", CultureInfo.InvariantCulture));
                output.Flush();
            }
        }
    }

    /// <summary>Ends the child.</summary>
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
