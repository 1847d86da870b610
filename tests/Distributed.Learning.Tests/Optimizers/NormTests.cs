namespace Distributed.Learning.Tests;

/// <summary>Clipping by norm, LAMB and LARS: what needs norms over all shards.</summary>
public sealed class NormTests : IDisposable
{
    private const int Steps = 20;

    // Tensors of 61 × 100, 61, 40 × 61, 40 and so on: none but the first starts at a page.
    private static readonly ModelSpec Model = new([100], [new LinearLayer(61), new LinearLayer(40), new LinearLayer(7)]);
    private readonly TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor> module = Examples.Build(Model);
    private readonly ParameterLayout layout;
    private readonly float[] start;
    private readonly float[][] gradients;

    public NormTests()
    {
        layout = ParameterLayout.Of(module);
        start = Padded(Examples.Random((int)layout.Length, 1));
        gradients = [.. Enumerable.Range(0, Steps).Select(step => Padded(Examples.Random((int)layout.Length, 50 + step, Math.Pow(10, step % 4 - 2))))];
    }

    public static TheoryData<string> Kinds => ["sgd-clipped", "adam-clipped", "lamb", "lars", "lamb-clipped", "lars-groups"];

    public void Dispose() => module.Dispose();

    [Theory, MemberData(nameof(Kinds))]
    public void The_bits_do_not_depend_on_where_shards_are_cut(string kind)
    {
        var spec = Spec(kind);
        var pages = (layout.Length + 1023) / 1024;
        var whole = Train(spec, [0, layout.Length]);
        Assert.NotEqual(start, whole);
        Assert.Equal(whole, Train(spec, [0, 1024, layout.Length]));
        Assert.Equal(whole, Train(spec, [0, 3 * 1024, 6 * 1024, 7 * 1024, layout.Length]));
        Assert.Equal(whole, Train(spec, [.. Enumerable.Range(0, (int)pages).Select(page => page * 1024L), layout.Length]));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_saved_state_goes_on_bit_for_bit(string kind) => Assert.Equal(
        Train(Spec(kind), [0, layout.Length]), CutShards.Train(Spec(kind), layout, start, gradients, [0, 2 * 1024, layout.Length], resumedAt: 7));

    [Fact]
    public void A_gradient_is_scaled_to_the_bound_of_its_norm()
    {
        var after = CutShards.Train(new OptimizerSpec("sgd", 1) { ClipNorm = 0.5 }, layout, start, [gradients[3]], [0, 2048, layout.Length]);
        var moved = start.Zip(after, (a, b) => (double)a - b).ToArray();
        Assert.Equal(0.5, Math.Sqrt(moved.Sum(x => x * x)), 1e-5);
        var norm = Math.Sqrt(gradients[3].Sum(x => (double)x * x));
        for (var i = 0; i < moved.Length; i++) Assert.Equal(gradients[3][i] * 0.5 / norm, moved[i], 1e-6);
    }

    [Fact]
    public void A_gradient_within_the_bound_keeps_its_bits() => Assert.Equal(
        Train(new OptimizerSpec("sgd", 0.1), [0, layout.Length]), Train(new OptimizerSpec("sgd", 0.1) { ClipNorm = 1e6 }, [0, 1024, layout.Length]));

    [Fact]
    public void The_norm_is_that_of_the_gradient_after_clipping_by_value()
    {
        var after = CutShards.Train(new OptimizerSpec("sgd", 1) { ClipNorm = 0.5, ClipValue = 0.3 }, layout, start, [gradients[3]], [0, layout.Length]);
        var clipped = gradients[3].Select(x => Math.Clamp((double)x, -0.3, 0.3)).ToArray();
        var norm = Math.Sqrt(clipped.Sum(x => x * x));
        for (var i = 0; i < after.Length; i++) Assert.Equal(start[i] - clipped[i] * 0.5 / norm, after[i], 1e-6);
    }

    [Theory]
    [InlineData("lamb")]
    [InlineData("lars")]
    public void A_layerwise_rule_follows_its_formula_for_each_tensor(string type)
    {
        const double rate = 0.01, decay = 0.02, b1 = 0.9, b2 = 0.95, epsilon = 1e-6, momentum = 0.9, trust = 0.02;
        var spec = new OptimizerSpec(type, rate) { WeightDecay = decay, Beta2 = b2, Epsilon = epsilon, Momentum = momentum, TrustCoefficient = trust };
        var weights = start.Select(x => (double)x).ToArray();
        var (first, second) = (new double[start.Length], new double[start.Length]);
        for (var t = 1; t <= Steps; t++)
            foreach (var entry in layout.Entries)
            {
                var range = Enumerable.Range((int)entry.Offset, (int)entry.Count).ToArray();
                var gradient = gradients[t - 1];
                if (type == "lamb")
                {
                    foreach (var i in range)
                    {
                        first[i] = b1 * first[i] + (1 - b1) * gradient[i];
                        second[i] = b2 * second[i] + (1 - b2) * gradient[i] * gradient[i];
                    }
                    double Direction(int i) =>
                        first[i] / (1 - Math.Pow(b1, t)) / (Math.Sqrt(second[i] / (1 - Math.Pow(b2, t))) + epsilon) + decay * weights[i];
                    var ratio = entry.Shape.Count > 1 ? Norm(range, i => weights[i]) / Norm(range, Direction) : 1;
                    foreach (var i in range) weights[i] -= rate * ratio * Direction(i);
                }
                else
                {
                    var norm = Norm(range, i => weights[i]);
                    var local = entry.Shape.Count > 1 ? trust * norm / (Norm(range, i => gradient[i]) + decay * norm) : 1;
                    foreach (var i in range) weights[i] -= first[i] = momentum * first[i] + rate * local * (gradient[i] + decay * weights[i]);
                }
            }
        var trained = Train(spec, [0, 1024, 5 * 1024, layout.Length]);
        for (var i = 0; i < trained.Length; i++) Assert.True(Math.Abs(weights[i] - trained[i]) < 3e-5, $"{i}: {weights[i]} by formula, got {trained[i]}");

        static double Norm(int[] range, Func<int, double> of) => Math.Sqrt(range.Sum(i => of(i) * of(i)));
    }

    [Fact]
    public void Every_page_belongs_to_the_parts_of_exactly_one_shard()
    {
        var blocks = new NormBlocks(layout);
        for (var cut = 0L; cut < layout.Length; cut += NormBlocks.Floats)
        {
            var left = blocks.Of(0, cut);
            var right = blocks.Of(cut, layout.Length - cut);
            Assert.Equal((0, blocks.Count), (left.First, left.Count + right.Count));
            Assert.Equal(left.Count, right.First);
        }
    }

    private float[] Train(OptimizerSpec spec, IReadOnlyList<long> cuts) => CutShards.Train(spec, layout, start, gradients, cuts);

    private float[] Padded(float[] floats)
    {
        var padded = new float[floats.Length];
        foreach (var entry in layout.Entries) floats.AsSpan((int)entry.Offset, (int)entry.Count).CopyTo(padded.AsSpan((int)entry.Offset));
        return padded;
    }

    private static OptimizerSpec Spec(string kind) => kind switch
    {
        "sgd-clipped" => new("sgd", 0.05) { Momentum = 0.9, ClipNorm = 0.7, WeightDecay = 0.01, DecayOnlyWeights = true },
        "adam-clipped" => new("adam", 0.003) { ClipNorm = 0.7, ClipValue = 0.1, L1 = 0.001 },
        "lamb" => new("lamb", 0.01) { WeightDecay = 0.02 },
        "lars" => new("lars", 0.1) { WeightDecay = 0.02, Momentum = 0.9 },
        "lamb-clipped" => new("lamb", 0.01) { WeightDecay = 0.02, ClipNorm = 0.5 },
        _ => new("lars", 0.1) { WeightDecay = 0.02, Momentum = 0.9, ClipNorm = 0.5, Groups = [new("1.*", 0, null, 0.5)] },
    };
}
