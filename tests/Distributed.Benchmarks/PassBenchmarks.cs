using BenchmarkDotNet.Attributes;
using Distributed.Learning;
using static TorchSharp.torch;

namespace Distributed.Benchmarks;

/// <summary>
/// A worker's pass through the bench model <c>big</c>, forward and backward of 64 samples on one core, from caches that hold nothing of it,
/// beside what autograd makes of the same modules.
/// </summary>
[WarmupCount(20)]
[IterationCount(80)]
public class PassBenchmarks
{
    private const int Samples = 64;

    private static readonly ILossFunction Loss = new CrossEntropy();

    private readonly Batch batch = new(randn(Samples, 784), randint(0, 10, [Samples]), Samples);
    private readonly Tensor evicting = zeros(20_000_000);
    private nn.Module<Tensor, Tensor>? module;
    private Floats? weights;
    private Floats? gradients;
    private ModelReplica? replica;

    /// <summary>What the worker computes in.</summary>
    [Params(Precision.Float32, Precision.Bfloat16)]
    public Precision Precision { get; set; }

    [GlobalSetup]
    public void Open()
    {
        set_num_threads(1);
        var spec = new ModelSpec([784],
        [
            new LinearLayer(2048), new ReluLayer(), new LinearLayer(2048), new ReluLayer(), new LinearLayer(2048), new ReluLayer(), new LinearLayer(10),
        ]);
        module = spec.Build();
        if (Precision == Precision.Bfloat16) Bfloat16Module.Convert(module);
        var own = spec.Build();
        var layout = ParameterLayout.Of(own, Precision);
        weights = new Floats(layout.Length, BitConverter.UInt32BitsToSingle(0x3A83_3A83)); // 0.001 in float32, and in bfloat16 both halves
        gradients = new Floats(layout.Length, 0);
        replica = new ModelReplica(own, layout, [weights.Address], [gradients.Address]);
    }

    [GlobalCleanup]
    public void Close()
    {
        replica?.Dispose();
        module?.Dispose();
        gradients?.Dispose();
        weights?.Dispose();
    }

    [IterationSetup]
    public void Evict()
    {
        evicting.add_(1);
        module!.zero_grad();
        replica!.ZeroGradients(0);
    }

    [Benchmark(Baseline = true)]
    public void Autograd()
    {
        using var scope = NewDisposeScope();
        Loss.Mean(module!.call(batch.Inputs).to(ScalarType.Float32), batch.Targets).backward();
    }

    [Benchmark]
    public void Replica() => replica!.ComputeSlot(batch, Loss, 1, 1);
}
