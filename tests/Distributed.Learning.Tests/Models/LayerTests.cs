using FsCheck.Xunit;
using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public class LayerTests
{
    private const int Samples = 3;

    public static TheoryData<string, long[]> Cases => LayerCases.Data;

    [Fact]
    public void Every_type_has_a_case() =>
        Assert.Empty(LayerKinds.Types.Except(Cases.Select(row => LayerCases.Layer((string)row[0]).Type)));

    [Theory, MemberData(nameof(Cases))]
    public void Shapes_and_parameters_by_arithmetic_are_those_of_torch(string json, long[] input) => Check(LayerCases.Layer(json), input);

    [Theory, MemberData(nameof(Cases))]
    public void Gradients_agree_with_central_differences(string json, long[] input)
    {
        var layer = LayerCases.Layer(json);
        using var scope = NewDisposeScope();
        using var module = Build(layer, input).to(float64);
        using var generator = new Generator(5);
        var tokens = layer.TakesTokens;
        var value = tokens ? Inputs(layer, input) : randn([Samples, .. input], float64, generator: generator, requires_grad: true);
        var direction = randn(Run(value).shape, float64, generator: generator);
        (Run(value) * direction).sum().backward();

        foreach (var tensor in module.parameters().Cast<Tensor>().Concat(tokens ? [] : new[] { value })) CheckGradient(tensor);

        void CheckGradient(Tensor tensor)
        {
            var gradient = tensor.grad!.reshape(-1).data<double>().ToArray();
            using var guard = no_grad();
            var flat = tensor.view(-1);
            const double step = 1e-5;
            for (var i = 0; i < gradient.Length; i++)
            {
                using var inner = NewDisposeScope();
                var element = flat[i];
                element.add_(step);
                var above = (Run(value) * direction).sum().ToDouble();
                element.sub_(2 * step);
                var below = (Run(value) * direction).sum().ToDouble();
                element.add_(step);
                var expected = (above - below) / (2 * step);
                if (IsPadding(tensor, i)) expected = 0;
                Assert.True(Math.Abs(expected - gradient[i]) < 1e-7 * Math.Max(1, Math.Abs(expected)) + 1e-7, $"element {i}: {gradient[i]}, expected {expected}");
            }
        }

        bool IsPadding(Tensor tensor, int element) =>
            layer is EmbeddingLayer { Padding: { } padding } && element / tensor.shape[1] == padding;

        Tensor Run(Tensor values)
        {
            using (manual_seed(3)) return module.call(values);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_pass_leaves_no_tensor_behind_and_repeats_its_bits(string json, long[] input)
    {
        var layer = LayerCases.Layer(json);
        using var module = Build(layer, input);
        using var values = Inputs(layer, input);
        foreach (var training in new[] { true, false })
        {
            module.train(training);
            var first = Pass();
            var before = Examples.LiveTensors();
            for (var i = 0; i < 3; i++) Assert.Equal(first, Pass());
            Assert.Equal(before, Tensor.TotalCount);
        }

        float[] Pass()
        {
            using (manual_seed(3)) { }
            using var output = module.call(values);
            using var scope = NewDisposeScope();
            return Examples.Floats(output);
        }
    }

    [Property(MaxTest = 60)]
    public void Windows_of_any_settings_give_the_shapes_that_torch_gives(
        byte kernel, byte stride, byte padding, byte dilation, byte length, byte width, byte kind)
    {
        int k = 1 + kernel % 4, s = 1 + stride % 3, p = padding % 3, d = 1 + dilation % 3;
        long l = 1 + length % 9, w = 1 + width % 9;
        LayerSpec layer = (kind % 8) switch
        {
            0 or 1 => new Conv1dLayer(2, k, s, p, d),
            2 or 3 => new Conv2dLayer(2, k, s, p, d),
            4 => new ConvTransposeLayer(1, 2, k, s, p, OutputPadding: p % Math.Max(s, d), Dilation: d),
            5 => new ConvTransposeLayer(2, 2, k, s, p, OutputPadding: p % Math.Max(s, d), Dilation: d),
            6 => new MaxPoolLayer(k, s, Math.Min(p, k / 2)),
            _ => new AvgPoolLayer(k, s, Math.Min(p, k / 2)),
        };
        long[] input = layer is Conv1dLayer or ConvTransposeLayer { Dimensions: 1 } || (kind & 8) > 0 && layer is MaxPoolLayer or AvgPoolLayer ? [3, l] : [3, l, w];
        if (layer.Fit(input).Output is not null) Check(layer, input);
        else
        {
            using var module = Build(layer, input);
            using var values = ones([1, .. input]);
            Assert.True(IsRefused(module, values), $"torch takes {layer} with {ModelSpec.Shape(input)}");
        }
    }

    // A transposed convolution that crops everything away gives an empty tensor in torch.
    private static bool IsRefused(nn.Module<Tensor, Tensor> module, Tensor values)
    {
        try
        {
            using var output = module.call(values);
            return output.numel() == 0;
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return true;
        }
    }

    [Fact]
    public void The_last_state_of_a_recurrent_layer_is_its_last_output()
    {
        foreach (var cell in new[] { "rnn", "lstm", "gru" })
        {
            using var sequence = Build(new RecurrentLayer(cell, 4, 2), [5, 3]);
            using var last = Build(new RecurrentLayer(cell, 4, 2, Last: true), [5, 3]);
            using var input = randn(2, 5, 3);
            using var outputs = sequence.call(input);
            using var end = outputs.select(1, -1);
            using var state = last.call(input);
            Assert.Equal(Examples.Floats(end), Examples.Floats(state));
        }
    }

    [Theory]
    [InlineData("{'type':'self-attention','heads':2,'causal':true}")]
    [InlineData("{'type':'transformer-block','heads':2,'causal':true}")]
    [InlineData("{'type':'lstm','hidden':4}")]
    public void A_causal_layer_does_not_see_later_positions(string json)
    {
        using var scope = NewDisposeScope();
        using var module = Build(LayerCases.Layer(json), [5, 4]);
        module.eval();
        var input = randn(1, 5, 4);
        var before = module.call(input);
        input[0, 3] += 1;
        var after = module.call(input);
        Assert.Equal(Examples.Floats(before.narrow(1, 0, 3)), Examples.Floats(after.narrow(1, 0, 3)));
        Assert.NotEqual(Examples.Floats(before.narrow(1, 3, 2)), Examples.Floats(after.narrow(1, 3, 2)));
    }

    [Fact]
    public void Attention_is_the_softmax_of_scaled_products_in_every_head()
    {
        using var scope = NewDisposeScope();
        using var module = Build(new SelfAttentionLayer(2), [3, 4]);
        var p = module.named_parameters().ToDictionary(n => n.name, n => (Tensor)n.parameter);
        Assert.Equal(["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"], p.Keys);
        var input = randn(1, 3, 4);
        var parts = (input[0].matmul(p["in_proj_weight"].T) + p["in_proj_bias"]).chunk(3, 1);
        var heads = Enumerable.Range(0, 2).Select(h =>
        {
            var (q, k, v) = (parts[0].narrow(1, 2 * h, 2), parts[1].narrow(1, 2 * h, 2), parts[2].narrow(1, 2 * h, 2));
            return (q.matmul(k.T) / Math.Sqrt(2)).softmax(1).matmul(v);
        });
        var expected = cat([.. heads], 1).matmul(p["out_proj.weight"].T) + p["out_proj.bias"];
        Assert.True(expected.allclose(module.call(input)[0], 1e-5, 1e-6));
    }

    [Fact]
    public void A_transformer_block_has_the_parameter_names_of_pytorch()
    {
        using var module = Build(new TransformerBlockLayer(1), [2, 2]);
        Assert.Equal(
            ["self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias",
                "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"],
            module.named_parameters().Select(p => p.name));
    }

    private static void Check(LayerSpec layer, long[] input)
    {
        var chain = LayerChain.Follow("layers", [layer], input, first: true);
        Assert.Null(chain.Misfit);
        using var module = Build(layer, input);
        using var values = Inputs(layer, input);
        using var output = module.call(values);
        Assert.Equal([Samples, .. chain.Output], output.shape);
        Assert.Equal(module.parameters().Sum(p => p.numel()), chain.Shapes[0].Parameters);
    }

    private static nn.Module<Tensor, Tensor> Build(LayerSpec layer, long[] input)
    {
        using (manual_seed(7)) return layer.Build(input);
    }

    private static Tensor Inputs(LayerSpec layer, long[] input)
    {
        using var generator = new Generator(5);
        return layer is EmbeddingLayer embedding
            ? randint(0, embedding.Tokens, [Samples, .. input], int64, generator: generator)
            : randn([Samples, .. input], generator: generator);
    }
}
