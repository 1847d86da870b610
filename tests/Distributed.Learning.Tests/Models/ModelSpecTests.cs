using TorchSharp;

namespace Distributed.Learning.Tests;

public class ModelSpecTests
{
    [Fact]
    public void A_multilayer_perceptron_maps_samples_to_its_outputs() => Check(Examples.Mlp);

    [Fact]
    public void A_convolutional_network_maps_samples_to_its_outputs() => Check(Examples.Cnn);

    [Fact]
    public void Strides_dilation_groups_and_padding_give_the_shapes_that_torch_gives() => Check(new ModelSpec([4, 17, 13],
    [
        new Conv2dLayer(6, 3, Stride: 2, Padding: 2, Dilation: 2, Groups: 2, Bias: false), new MaxPoolLayer(3, 2, 1),
        new Conv2dLayer(3, 2), new FlattenLayer(), new LinearLayer(2, false),
    ]));

    [Fact]
    public void A_linear_layer_maps_every_position_of_a_sequence() => Check(new ModelSpec([7, 20], [new LinearLayer(3)]));

    private static void Check(ModelSpec spec)
    {
        using var module = Examples.Build(spec);
        using var scope = torch.NewDisposeScope();
        var value = torch.randn([2, .. spec.Input]);
        foreach (var (shape, (name, child)) in spec.CheckShapes().Zip(module.named_children()))
        {
            Assert.Equal($"{shape.Index}", name);
            value = ((torch.nn.Module<torch.Tensor, torch.Tensor>)child).call(value);
            Assert.Equal([2, .. shape.Output], value.shape);
            Assert.Equal(child.parameters().Sum(p => p.numel()), shape.Parameters);
        }
        Assert.Equal([2, .. spec.Output], value.shape);
    }

    [Fact]
    public void A_model_reads_from_settings()
    {
        var model = ModelSpec.Read(Examples.Section(("input", new object[] { 1, 28, 28 }), ("layers", new object[]
        {
            Examples.Setting(new (string, object)[] { ("type", "conv2d"), ("out", 32), ("kernel", 3), ("padding", 1) }), "relu",
            Examples.Setting(new (string, object)[] { ("type", "max-pool"), ("kernel", 2) }), "flatten", "tanh", "sigmoid", "gelu", "dropout",
            Examples.Setting(new (string, object)[] { ("type", "linear"), ("out", 10), ("bias", "false") }),
        })));
        Assert.Equal(
            [new Conv2dLayer(32, 3, Padding: 1), new ReluLayer(), new MaxPoolLayer(2, 2), new FlattenLayer(), new TanhLayer(),
                new SigmoidLayer(), new GeluLayer(), new DropoutLayer(0.5), new LinearLayer(10, false)], model.Layers);
        Assert.Equal([10L], model.Output);
    }

    public static TheoryData<string, object[], string> Misfits => new()
    {
        { "linear", [8, 4, 4], "model.layers[1] (linear): got the shape [8, 4, 4], needs [features] or [positions, features]; put a flatten layer before it" },
        { "conv2d", [64], "model.layers[1] (conv2d): got the shape [64], needs [channels, height, width]" },
        { "conv2d", [3, 2, 9], "model.layers[1] (conv2d): got the shape [3, 2, 9], needs height and width of at least 3 (kernel 3, padding 0, dilation 1)" },
        { "groups", [3, 9, 9], "model.layers[1] (conv2d): got the shape [3, 9, 9], needs [channels, height, width] with channels a multiple of groups = 2" },
        { "max-pool", [64], "model.layers[1] (max-pool): got the shape [64], needs [channels, height, width]" },
        { "max-pool", [3, 9, 1], "model.layers[1] (max-pool): got the shape [3, 9, 1], needs height and width of at least 2 (kernel 2, padding 0)" },
    };

    [Theory, MemberData(nameof(Misfits))]
    public void A_layer_that_does_not_fit_is_named_with_what_it_got_and_needs(string type, object[] input, string message)
    {
        LayerSpec layer = type switch
        {
            "linear" => new LinearLayer(3),
            "conv2d" => new Conv2dLayer(4, 3),
            "groups" => new Conv2dLayer(4, 3, Groups: 2),
            _ => new MaxPoolLayer(2, 2),
        };
        var model = new ModelSpec([.. input.Select(Convert.ToInt64)], [new ReluLayer(), layer]);
        Assert.Equal(message, Assert.Throws<BadInputException>(model.CheckShapes).Message);
        Assert.Throws<BadInputException>(model.Build);
    }

    [Fact]
    public void A_shape_beyond_all_memory_is_refused_by_arithmetic_alone()
    {
        var model = new ModelSpec([1 << 24, 1 << 24, 1 << 24, 1 << 24, 1 << 24, 1 << 24], [new FlattenLayer(), new LinearLayer(1)]);
        Assert.Contains("more than 2^31 elements", Assert.Throws<BadInputException>(model.CheckShapes).Message);
        var wide = new ModelSpec([1, 40000, 40000], [new Conv2dLayer(64, 1), new FlattenLayer(), new LinearLayer(1)]);
        Assert.Contains("model.layers[0] (conv2d)", Assert.Throws<BadInputException>(wide.CheckShapes).Message);
    }

    [Theory]
    [InlineData("conv3d", "job.hocon: layers[0].type: expected one of linear, conv2d, max-pool, flatten, dropout, relu, tanh, sigmoid, gelu, got 'conv3d'; did you mean 'conv2d'?")]
    [InlineData("relu", "job.hocon: .layers: no layer has parameters, so there is nothing to train")]
    public void A_wrong_model_is_refused(string layer, string message)
    {
        var section = Examples.Section(("input", new object[] { 4 }), ("layers", new object[] { layer }));
        Assert.Equal(message.Replace(" .layers", " layers"), Assert.Throws<BadInputException>(() => ModelSpec.Read(section)).Message);
    }

    [Fact]
    public void An_option_that_a_layer_does_not_know_is_refused()
    {
        var section = Examples.Section(("input", new object[] { 4 }), ("layers", new object[]
        {
            Examples.Setting(new (string, object)[] { ("type", "linear"), ("out", 3), ("biass", "true") }),
        }));
        Assert.Equal("job.hocon: layers[0].biass: unknown key; did you mean 'bias'?",
            Assert.Throws<BadInputException>(() => ModelSpec.Read(section)).Message);
    }
}
