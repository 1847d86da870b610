using System.Diagnostics;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Benchmarks;

/// <summary>
/// A child process of a benchmark that answers each line with a line. It stays alive between measurements, so that none of them pays for its
/// start, and ends with its input: it can't outlive this process.
/// </summary>
internal sealed class BenchProcess : IDisposable
{
    private readonly string name;
    private readonly Process process;

    private BenchProcess(string name, Process process)
    {
        this.name = name;
        this.process = process;
    }

    /// <summary>Starts <c>trainer bench</c> with arguments, in the environment of a node.</summary>
    /// <param name="program">This program.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="threads">Its compute threads.</param>
    /// <param name="arguments">What follows <c>bench</c>.</param>
    public static BenchProcess Start(OwnProgram program, string name, int threads, params string[] arguments)
    {
        var start = new ProcessStartInfo(program.FileName) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])[.. program.Leading, "bench", .. arguments]) start.ArgumentList.Add(argument);
        foreach (var (variable, value) in NodeProcess.ChildEnvironment(threads)) start.Environment[variable] = value;
        return new BenchProcess(name, Process.Start(start) ?? throw new InvalidOperationException($"the system started no process for {program.FileName}"));
    }

    /// <summary>Says a line and waits for the answer.</summary>
    /// <exception cref="TimeoutException">None comes within <paramref name="bound"/>.</exception>
    /// <exception cref="IOException">The child is gone; it has said why.</exception>
    public async Task<string> AskAsync(string line, TimeSpan bound, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(line.AsMemory(), cancellation);
            return await process.StandardOutput.ReadLineAsync(cancellation).AsTask().WaitAsync(bound, cancellation)
                ?? throw new IOException($"{name} of the benchmark ended before its answer");
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{name} of the benchmark gave no answer within {bound.TotalSeconds:F0} s");
        }
    }

    /// <summary>Ends the child at once.</summary>
    public void Kill()
    {
        try
        {
            process.Kill();
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended already.
        }
    }

    /// <summary>Ends the child and waits until it is gone.</summary>
    public void Dispose()
    {
        Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
