using BenchmarkDotNet.Attributes;
using Distributed.Cluster.ParameterServers;
using Distributed.Learning;
using TorchSharp;

namespace Distributed.Benchmarks;

/// <summary>A shard's update of a million parameters on one core, with and without the sum of the slots before it.</summary>
public class UpdateBenchmarks
{
    private const long Parameters = 1 << 20;
    private const int Slots = 2;

    private readonly Floats[] gradients = [.. Enumerable.Range(0, Slots).Select(_ => new Floats(Parameters, 0.01f))];
    private readonly Floats even = new(Parameters, 1);
    private readonly Floats odd = new(Parameters, 1);
    private readonly TreeSum sums = new(Slots, [.. Enumerable.Range(0, Slots).Select(slot => new SlotRange(slot, 1))]);
    private readonly SumBuffers buffers = SumBuffers.Rent(Slots);
    private SummedGradient? summed;
    private ShardOptimizer? optimizer;

    /// <summary>SGD without and with momentum has a kernel of its own; the others are rules in torch operations.</summary>
    [Params("sgd", "momentum", "adam", "adamw")]
    public string Rule { get; set; } = "";

    [GlobalSetup]
    public void Open()
    {
        torch.set_num_threads(1);
        summed = new SummedGradient(sums, [.. gradients.Select(gradient => gradient.Address)], buffers);
        optimizer = new ShardOptimizer(
            Rule == "momentum" ? new OptimizerSpec("sgd", 1e-6) { Momentum = 0.9 } : new OptimizerSpec(Rule, 1e-6), Parameters);
    }

    [GlobalCleanup]
    public void Close()
    {
        optimizer?.Dispose();
        buffers.Dispose();
        foreach (var memory in (Floats[])[.. gradients, even, odd]) memory.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void Update() => optimizer!.Step(even.Address, odd.Address, gradients[0].Address);

    [Benchmark]
    public void SumAndUpdate() => optimizer!.Step(even.Address, odd.Address, summed!);
}
