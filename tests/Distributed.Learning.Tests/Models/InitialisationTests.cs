using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public class InitialisationTests
{
    // A window of 4 over 30 channels to 60 channels: 120 inputs and 240 outputs count. The bound of a uniform distribution is √3 deviations.
    [Theory]
    [InlineData("xavier-uniform", "", 2.0 / 360, true)]
    [InlineData("xavier-normal", "", 2.0 / 360, false)]
    [InlineData("kaiming-uniform", "", 2.0 / 120, true)]
    [InlineData("kaiming-normal", "", 2.0 / 120, false)]
    [InlineData("uniform", ",'init-scale':0.3", 0.3 * 0.3 / 3, true)]
    [InlineData("uniform", "", 0.1 * 0.1 / 3, true)]
    [InlineData("normal", ",'init-scale':2", 4, false)]
    [InlineData("normal", "", 0.02 * 0.02, false)]
    [InlineData("zeros", "", 0, true)]
    public void A_scheme_has_its_variance_and_bound_and_zero_biases(string scheme, string scale, double variance, bool bounded)
    {
        var layer = LayerCases.Layer($"{{'type':'conv1d','out':60,'kernel':4,'init':'{scheme}'{scale}}}");
        using (manual_seed(1)) { }
        using var module = layer.Build([30, 9]);
        var weights = Examples.Floats(module.get_parameter("weight")!);
        Assert.Equal(variance, weights.Average(w => (double)w * w), variance * 0.05);
        Assert.Equal(bounded, weights.Max(Math.Abs) <= Math.Sqrt(3 * variance) * 1.0001);
        Assert.All(Examples.Floats(module.get_parameter("bias")!), b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData("{'type':'lstm','hidden':4,'init':'zeros'}")]
    [InlineData("{'type':'self-attention','heads':2,'init':'zeros'}")]
    [InlineData("{'type':'positional-embedding','init':'zeros'}")]
    public void Every_weight_of_a_layer_takes_part(string json)
    {
        using var module = LayerCases.Layer(json).Build([3, 4]);
        foreach (var parameter in module.parameters()) Assert.All(Examples.Floats(parameter), value => Assert.Equal(0, value));
    }

    [Fact]
    public void The_scales_of_norms_are_not_weights_to_draw()
    {
        using var module = LayerCases.Layer("{'type':'transformer-block','heads':2,'init':'zeros'}").Build([3, 4]);
        Assert.All(Examples.Floats(module.get_parameter("norm1.weight")!), value => Assert.Equal(1, value));
    }

    [Fact]
    public void The_padding_vector_of_an_embedding_stays_zero()
    {
        using var module = LayerCases.Layer("{'type':'embedding','tokens':3,'width':2,'padding':1,'init':'normal'}").Build([3]);
        var weights = Examples.Floats(module.parameters().Single());
        Assert.Equal([0f, 0f], weights[2..4]);
        Assert.DoesNotContain(0f, weights[..2].Concat(weights[4..]));
    }

    [Fact]
    public void Without_a_scheme_the_weights_are_those_of_torch()
    {
        using (manual_seed(1)) { }
        using var ours = new LinearLayer(3).Build([4]);
        using (manual_seed(1)) { }
        using var plain = nn.Linear(4, 3);
        Assert.Equal(Examples.Floats(plain.weight), Examples.Floats(ours.get_parameter("weight")!));
    }

    [Theory]
    [InlineData("{'type':'linear','out':3,'init':'xavier'}", "job.hocon: init: expected one of xavier-uniform, xavier-normal, kaiming-uniform, kaiming-normal, uniform, normal, zeros, got 'xavier'")]
    [InlineData("{'type':'linear','out':3,'init':'zeros','init-scale':1}", "job.hocon: init-scale: unknown key")]
    public void A_wrong_scheme_is_refused(string json, string message) =>
        Assert.StartsWith(message, Assert.Throws<BadInputException>(() => LayerCases.Layer(json)).Message);
}
