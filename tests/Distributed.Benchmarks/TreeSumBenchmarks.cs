using BenchmarkDotNet.Attributes;
using Distributed.Cluster.ParameterServers;
using Distributed.Learning;

namespace Distributed.Benchmarks;

/// <summary>The sum of all slots' gradients of a million parameters along the canonical tree.</summary>
public class TreeSumBenchmarks
{
    private const long Parameters = 1 << 20;

    private Floats[] gradients = [];
    private nint[] inputs = [];
    private TreeSum? sums;
    private SumBuffers? buffers;

    [Params(2, 3, 4, 8)]
    public int Slots { get; set; }

    [GlobalSetup]
    public void Open()
    {
        gradients = [.. Enumerable.Range(0, Slots).Select(_ => new Floats(Parameters, 0.01f))];
        inputs = [.. gradients.Select(gradient => gradient.Address)];
        sums = new TreeSum(Slots, [.. Enumerable.Range(0, Slots).Select(slot => new SlotRange(slot, 1))]);
        buffers = sums.Rent();
    }

    [GlobalCleanup]
    public void Close()
    {
        buffers?.Dispose();
        foreach (var gradient in gradients) gradient.Dispose();
    }

    [Benchmark]
    public nint Sum()
    {
        nint last = 0;
        for (var start = 0L; start < Parameters; start += ShardOptimizer.PieceFloats) last = sums!.Run(inputs, start, ShardOptimizer.PieceFloats, buffers!);
        return last;
    }
}
