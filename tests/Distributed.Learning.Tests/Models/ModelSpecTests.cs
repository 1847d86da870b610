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
        { "conv2d", [3, 2, 9], "model.layers[1] (conv2d): got the shape [3, 2, 9], needs height and width of at least 3 (kernel 3, padding 0)" },
        { "groups", [3, 9, 9], "model.layers[1] (conv2d): got the shape [3, 9, 9], needs [channels, height, width] with channels a multiple of groups = 2" },
        { "max-pool", [64], "model.layers[1] (max-pool): got the shape [64], needs [channels, length] or [channels, height, width]" },
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
    [InlineData("conv3d", "job.hocon: layers[0].type: expected one of linear, conv1d, conv2d, … got 'conv3d'; did you mean 'conv1d'?")]
    [InlineData("relu", "job.hocon: .layers: no layer has parameters, so there is nothing to train")]
    public void A_wrong_model_is_refused(string layer, string message)
    {
        var section = Examples.Section(("input", new object[] { 4 }), ("layers", new object[] { layer }));
        var parts = message.Replace(" .layers", " layers").Split("… ");
        var got = Assert.Throws<BadInputException>(() => ModelSpec.Read(section)).Message;
        Assert.StartsWith(parts[0], got);
        Assert.EndsWith(parts[^1], got);
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

    private const string Nested = "{'type':'residual','layers':[{'type':'linear','out':4},'relu',{'type':'residual','layers':[{'type':'parallel','branches':[[],['tanh',{'type':'conv2d','out':1,'kernel':1}]]}]}]}";

    [Theory]
    [InlineData(Nested, "model.layers[1].layers[2].layers[0].branches[1][1] (conv2d): got the shape [4], needs [channels, height, width]")]
    [InlineData("{'type':'residual','layers':[{'type':'linear','out':3}]}", "model.layers[1] (residual): got the shape [4], needs layers and shortcut that give one shape: they give [3] and [4]")]
    [InlineData("{'type':'residual','layers':['relu'],'shortcut':[{'type':'max-pool','kernel':2}]}", "model.layers[1].shortcut[0] (max-pool): got the shape [4], needs [channels, length] or [channels, height, width]")]
    [InlineData("{'type':'parallel','branches':[[],[{'type':'reshape','shape':[4,1]}]]}", "model.layers[1] (parallel): got the shape [4], needs branches that differ in dim = 0 at most: they give [4], [4, 1]")]
    [InlineData("{'type':'parallel','branches':[[],[{'type':'linear','out':3}]],'combine':'add'}", "model.layers[1] (parallel): got the shape [4], needs branches of one shape: they give [4], [3]")]
    [InlineData("{'type':'embedding','tokens':3,'width':2}", "model.layers[1] (embedding): got the shape [4], needs token numbers, so it must be the first layer of the model")]
    [InlineData("{'type':'residual','layers':[{'type':'embedding','tokens':3,'width':2}]}", "model.layers[1].layers[0] (embedding): got the shape [4], needs token numbers, so it must be the first layer of the model")]
    [InlineData("{'type':'reshape','shape':[3,-1]}", "model.layers[1] (reshape): got the shape [4], needs a multiple of 3 elements for [3, -1]")]
    [InlineData("{'type':'transpose'}", "model.layers[1] (transpose): got the shape [4], needs at least 2 dimensions")]
    [InlineData("{'type':'lstm','hidden':3}", "model.layers[1] (lstm): got the shape [4], needs [time, features]")]
    [InlineData("{'type':'self-attention','heads':3}", "model.layers[1] (self-attention): got the shape [4], needs [time, width] with a width that is a multiple of heads = 3")]
    [InlineData("{'type':'group-norm','groups':3}", "model.layers[1] (group-norm): got the shape [4], needs [channels, length] or [channels, height, width] with channels a multiple of groups = 3")]
    public void A_misfit_names_its_place_however_deep_it_is(string layer, string message)
    {
        var model = LayerCases.Model([4], "{'type':'linear','out':4}", layer);
        Assert.Equal(message, Assert.Throws<BadInputException>(model.CheckShapes).Message);
    }

    [Theory]
    [InlineData("{'type':'residual','layers':[{'type':'residual','layers':[{'type':'linear','outt':4}]}]}", "job.hocon: layers[0].layers[0].out: missing; expected a whole number from 1 to 16777216; is 'outt' mistyped?")]
    [InlineData("{'type':'parallel','branches':[['relu'],[['tanh']]]}", "job.hocon: branches[1][0]: expected a section { … } or a word, got '[ … ]'")]
    [InlineData("{'type':'parallel','branches':['relu','tanh']}", "job.hocon: branches[0]: expected a list of sections [ … ], got 'relu'")]
    [InlineData("{'type':'parallel','branches':[['relu']]}", "job.hocon: branches: expected at least two branches, got 1")]
    [InlineData("{'type':'lstm','hidden':4,'dropout':0.5}", "job.hocon: dropout: expected at least two layers with it, between which it acts; put a dropout layer after a single one")]
    [InlineData("{'type':'conv-transpose2d','out':4,'kernel':2,'output-padding':1}", "job.hocon: output-padding: expected less than stride or dilation, got '1'")]
    public void A_wrong_option_names_its_place_however_deep_it_is(string layer, string message) =>
        Assert.Equal(message, Assert.Throws<BadInputException>(() => LayerCases.Layer(layer)).Message);

    [Fact]
    public void A_model_of_everything_nests_its_shapes_and_names_its_parameters_by_place()
    {
        var model = LayerCases.Model([6], "{'type':'embedding','tokens':9,'width':4}",
            "{'type':'parallel','branches':[[{'type':'lstm','hidden':4}],[{'type':'residual','layers':['relu',{'type':'linear','out':4}]}]],'dim':1}",
            "{'type':'global-pool'}", "{'type':'linear','out':5}");
        Assert.True(model.TakesTokens);
        Assert.Equal([5L], model.Output);
        var shapes = model.CheckShapes();
        Assert.Equal(["branches[0]", "branches[1]"], shapes[1].Groups.Select(g => g.Name));
        Assert.Equal([6L, 8], shapes[1].Output);
        Assert.Equal(4 * 4 * (4 + 4 + 2) + 20, shapes[1].Parameters);
        using var module = Examples.Build(model);
        Assert.Equal(
            ["0.weight", "1.branches.0.0.weight_ih_l0", "1.branches.0.0.weight_hh_l0", "1.branches.0.0.bias_ih_l0", "1.branches.0.0.bias_hh_l0",
                "1.branches.1.0.layers.1.weight", "1.branches.1.0.layers.1.bias", "3.weight", "3.bias"],
            ParameterLayout.Of(module).Entries.Select(e => e.Name));
        Assert.Equal(shapes.Sum(s => s.Parameters), ParameterLayout.Of(module).ParameterCount);
    }
}
