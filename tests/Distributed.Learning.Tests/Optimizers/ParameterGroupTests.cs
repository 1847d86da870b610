namespace Distributed.Learning.Tests;

public sealed class ParameterGroupTests : IDisposable
{
    private readonly TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor> module =
        Examples.Build(new ModelSpec([50], [new LinearLayer(60), new ReluLayer(), new LinearLayer(21)]));

    private readonly ParameterLayout layout;
    private readonly float[] start;
    private readonly float[] zero;

    public ParameterGroupTests()
    {
        layout = ParameterLayout.Of(module);
        start = Examples.Random((int)layout.Length, 3);
        zero = new float[layout.Length];
    }

    public void Dispose() => module.Dispose();

    [Fact]
    public void Decay_only_of_weights_leaves_biases_alone()
    {
        var after = Train(new OptimizerSpec("sgd", 0.1) { WeightDecay = 0.5, DecayOnlyWeights = true });
        Check(after, "0.weight", x => x - 0.1f * (0.5f * x));
        Check(after, "0.bias", x => x);
        Check(after, "2.weight", x => x - 0.1f * (0.5f * x));
        Check(after, "2.bias", x => x);
    }

    [Fact]
    public void The_first_group_that_matches_a_name_holds()
    {
        var after = Train(new OptimizerSpec("sgd", 0.1)
        {
            WeightDecay = 0.5,
            Groups = [new("0.*", 1, null, 0.5), new("*.bias", 0)],
        });
        Check(after, "0.weight", x => x - 0.05f * x);
        Check(after, "0.bias", x => x - 0.05f * x);
        Check(after, "2.weight", x => x - 0.1f * (0.5f * x));
        Check(after, "2.bias", x => x);
    }

    [Fact]
    public void A_factor_of_zero_keeps_a_layer_as_it_is()
    {
        var after = CutShards.Train(
            new OptimizerSpec("adam", 0.1) { Groups = [new("0.*", LearningRateFactor: 0)] }, layout, start, [start, start], [0, 1024, layout.Length]);
        Check(after, "0.weight", x => x);
        Assert.NotEqual(start[(int)layout.Entries[2].Offset], after[(int)layout.Entries[2].Offset]);
    }

    [Fact]
    public void An_L1_penalty_pulls_towards_zero_by_a_constant()
    {
        var after = Train(new OptimizerSpec("sgd", 0.1) { L1 = 0.25, DecayOnlyWeights = true });
        Check(after, "0.weight", x => x - 0.1f * (0.25f * Math.Sign(x)));
        Check(after, "0.bias", x => x);
    }

    [Fact]
    public void Groups_keep_their_bits_wherever_shards_are_cut()
    {
        var spec = new OptimizerSpec("nadam", 0.01) { WeightDecay = 0.1, Groups = [new("*.bias", 0, 0.01, 2), new("2.*", 0.3)] };
        float[][] gradients = [.. Enumerable.Range(0, 20).Select(step => Examples.Random(start.Length, 10 + step))];
        var whole = CutShards.Train(spec, layout, start, gradients, [0, layout.Length]);
        Assert.Equal(whole, CutShards.Train(spec, layout, start, gradients, [0, 1024, 2048, 3072, layout.Length]));
    }

    [Fact]
    public void A_group_without_parameters_is_refused_with_the_names_there_are() => Assert.Equal(
        "optimizer.groups[1].match: '*.bais' matches no parameter; there are 0.weight, 0.bias, 2.weight, 2.bias",
        Assert.Throws<BadInputException>(() => new ShardOptimizer(
            new OptimizerSpec("sgd", 0.1) { Groups = [new("0.*"), new("*.bais")] }, layout, 0, layout.Length)).Message);

    private float[] Train(OptimizerSpec spec) => CutShards.Train(spec, layout, start, [zero], [0, 2048, layout.Length]);

    private void Check(float[] after, string name, Func<float, float> expected)
    {
        var entry = layout.Entries.Single(entry => entry.Name == name);
        for (var i = entry.Offset; i < entry.Offset + entry.Count; i++) Assert.Equal(expected(start[i]), after[i], 1e-6f);
    }
}
