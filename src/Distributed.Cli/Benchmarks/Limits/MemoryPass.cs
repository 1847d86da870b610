using System.Diagnostics;
using System.Numerics;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cli.Benchmarks.Limits;

/// <summary>
/// The least that a step of SGD with momentum has to do to memory: read every worker's gradient, read and write momentum and weights, once, in
/// one loop. No exchange in shared memory can be faster than this on as many cores.
/// </summary>
internal sealed unsafe class MemoryPass : IDisposable
{
    private readonly PrivateMemory[] gradients;
    private readonly PrivateMemory momentum;
    private readonly PrivateMemory weights;

    /// <summary>Memory for so many parameters at most.</summary>
    /// <param name="workers">Gradients that are summed.</param>
    public MemoryPass(long parameters, int workers)
    {
        var bytes = parameters * sizeof(float);
        gradients = [.. Enumerable.Range(0, workers).Select(_ => new PrivateMemory(bytes))];
        (momentum, weights) = (new PrivateMemory(bytes), new PrivateMemory(bytes));
        // Pages come at the first write; reads before it would all see one page of zeroes.
        foreach (var memory in (PrivateMemory[])[.. gradients, momentum, weights])
            for (var page = 0L; page < memory.Bytes; page += MemoryPages.Size) memory.Pointer[page] = 0;
    }

    /// <summary>The time of one pass in ms: the mean of several, each thread with an equal share of the parameters.</summary>
    /// <param name="cores">Cores of the threads, one each; too few: any.</param>
    public double Milliseconds(long parameters, int threads, IReadOnlyList<int> cores)
    {
        var passes = (int)Math.Clamp(200_000_000 / (parameters * sizeof(float)), 2, 10_000);
        using var start = new Barrier(threads);
        var times = new double[threads];
        var running = Enumerable.Range(0, threads).Select(thread => new Thread(() =>
        {
            if (cores.Count >= threads) ComputeThread.KeepTo([cores[thread]]);
            var (from, to) = (Share(thread), Share(thread + 1));
            start.SignalAndWait();
            var since = Stopwatch.GetTimestamp();
            for (var pass = 0; pass < passes; pass++) Pass(from, to);
            times[thread] = Stopwatch.GetElapsedTime(since).TotalMilliseconds / passes;
        })
        { Name = $"memory-{thread}", IsBackground = true }).ToArray();
        foreach (var thread in running) thread.Start();
        foreach (var thread in running) thread.Join();
        return times.Max();

        long Share(int thread) => thread == threads ? parameters : parameters * thread / threads / Vector<float>.Count * Vector<float>.Count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var memory in (PrivateMemory[])[.. gradients, momentum, weights]) memory.Dispose();
    }

    private void Pass(long from, long to)
    {
        var (keep, rate) = (new Vector<float>(0.9f), new Vector<float>(-0.01f));
        float* first = (float*)gradients[0].Pointer, second = (float*)gradients[Math.Min(1, gradients.Length - 1)].Pointer;
        float* velocity = (float*)momentum.Pointer, weight = (float*)weights.Pointer;
        // Memory is in whole pages: the last vector may reach beyond the parameters.
        for (var i = from; i < to; i += Vector<float>.Count)
        {
            var sum = Vector.Load(first + i);
            if (gradients.Length > 1) sum += Vector.Load(second + i);
            for (var more = 2; more < gradients.Length; more++) sum += Vector.Load((float*)gradients[more].Pointer + i);
            var speed = (Vector.Load(velocity + i) * keep) + sum;
            Vector.Store(speed, velocity + i);
            Vector.Store(Vector.FusedMultiplyAdd(speed, rate, Vector.Load(weight + i)), weight + i);
        }
    }
}
