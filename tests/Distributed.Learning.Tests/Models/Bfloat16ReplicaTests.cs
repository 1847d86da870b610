using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public class Bfloat16ReplicaTests
{
    private static readonly ILossFunction Loss = new CrossEntropy();

    public static TheoryData<string, long[]> Layers => LayerCases.Data;

    [Theory, MemberData(nameof(Layers))]
    public void Every_layers_gradient_is_near_that_in_float32(string layer, long[] input)
    {
        // Behind a layer that gives it bfloat16.
        var first = input.Length switch { 1 => "'linear'", 2 => "'conv1d','kernel':1", _ => "'conv2d','kernel':1" };
        string[] before = LayerCases.Layer(layer).TakesTokens ? [] : [$"{{'type':{first},'out':{input[0]}}}"];
        var spec = LayerCases.Model(input, [.. before, layer, "{'type':'flatten'}", "{'type':'linear','out':5}"]);
        using var batch = Examples.Batch(spec, 32, 5);
        var fine = Gradient(spec, batch, Precision.Float32);
        var rounded = Gradient(spec, batch, Precision.Bfloat16);
        // Now and then the rounding gives another element as the largest of a window.
        Assert.InRange(Math.Sqrt(fine.Zip(rounded, (f, r) => Math.Pow(f - r, 2)).Sum() / fine.Sum(f => Math.Pow(f, 2))), 0, 0.15);
        Assert.NotEqual(fine, rounded);
    }

    [Theory, MemberData(nameof(Layers))]
    public void Layers_that_say_so_and_no_others_compute_in_float32(string layer, long[] input)
    {
        var spec = LayerCases.Layer(layer);
        using var module = spec.Build(input);
        Bfloat16Module.Convert(module);
        ScalarType[] types = [.. module.parameters().Select(parameter => parameter.dtype).Distinct().Order()];
        if (types.Length == 0) return;
        Assert.Equal(
            spec.InFloat32 switch { null => [ScalarType.BFloat16], "all of it" => [ScalarType.Float32], _ => [ScalarType.Float32, ScalarType.BFloat16] },
            types);
    }

    [Theory]
    [InlineData("{'type':'linear','out':4}")]
    [InlineData("{'type':'layer-norm'}")]
    [InlineData("{'type':'batch-norm'}")]
    [InlineData("{'type':'lstm','hidden':4,'output':'last'}")]
    [InlineData("{'type':'flatten'}")]
    public unsafe void A_second_slot_adds_its_rounded_gradient_and_rounds_the_sum(string layer)
    {
        var spec = LayerCases.Model([3, 4], layer, "{'type':'flatten'}", "{'type':'linear','out':5}");
        using var setup = new Setup(spec);
        using var batch = Examples.Batch(spec, 16, 5);
        using var other = Examples.Batch(spec, 16, 6);
        foreach (var (buffer, batches) in new[] { (0, new[] { batch }), (1, [other]), (2, [batch, other]) })
        {
            setup.Replica.UseGradients(buffer);
            setup.Replica.ZeroGradients(buffer);
            foreach (var slot in batches) setup.Replica.ComputeSlot(slot, Loss, 0.5, 9);
        }

        var format = setup.Layout.Format;
        var sums = new ushort[setup.Layout.TrainableLength];
        fixed (ushort* to = sums)
            Bfloat16.Add((ushort*)setup.Gradients[0].Address, (ushort*)setup.Gradients[1].Address, to, sums.Length);
        Assert.Equal(sums, new ReadOnlySpan<ushort>((void*)setup.Gradients[2].Address, sums.Length).ToArray());
        for (var i = setup.Layout.TrainableLength; i < setup.Layout.Length; i++)
            Assert.Equal(Statistic(0, i) + Statistic(1, i), Statistic(2, i));

        // Summed by the replica, it is the same.
        setup.Replica.AddGradients(0, 1);
        Assert.True(setup.Gradients[1].Bytes.SequenceEqual(setup.Gradients[2].Bytes));

        float Statistic(int buffer, long i) => *(float*)(setup.Gradients[buffer].Address + (nint)format.BytesTo(i));
    }

    // All but the first have weights that are multiplied in blocks, of rows of whole cache lines (the second) and of others.
    [Theory]
    [InlineData(20, "{'type':'linear','out':33}")]
    [InlineData(2048, "{'type':'linear','out':520}")]
    [InlineData(1100, "{'type':'linear','out':1001}")]
    [InlineData(20, "{'type':'linear','out':1033}", "{'type':'tanh'}", "{'type':'linear','out':1040}")]
    public unsafe void Fully_connected_layers_make_the_gradients_that_autograd_makes(int inputs, params string[] layers)
    {
        var spec = LayerCases.Model([inputs], [.. layers, "{'type':'tanh'}", "{'type':'linear','out':5}"]);
        using var setup = new Setup(spec);
        using var batch = Examples.Batch(spec, 16, 5);
        using var other = Examples.Batch(spec, 16, 6);
        using var module = Examples.Build(spec, 7);
        Bfloat16Module.Convert(module);
        foreach (var (buffer, slot) in new[] { batch, other }.Index())
        {
            setup.Replica.UseGradients(buffer);
            setup.Replica.ZeroGradients(buffer);
            setup.Replica.ComputeSlot(slot, Loss, 1, 9);
            module.zero_grad();
            Loss.Mean(module.call(slot.Inputs).to(ScalarType.Float32), slot.Targets).backward();
            foreach (var (parameter, entry) in module.parameters().Zip(setup.Layout.Parameters))
            {
                var made = new ReadOnlySpan<ushort>((ushort*)setup.Gradients[buffer].Address + entry.Offset, (int)parameter.numel()).ToArray();
                Assert.Contains(made, value => value != 0);
                Assert.Equal(Examples.Floats(parameter.grad!.to(ScalarType.Float32)), made.Select(value => BitConverter.UInt32BitsToSingle((uint)value << 16)));
            }
        }
    }

    [Fact]
    public void An_empty_slot_adds_zeros_again_and_again()
    {
        var spec = LayerCases.Model([3, 4], "{'type':'batch-norm'}", "{'type':'flatten'}", "{'type':'linear','out':5}");
        using var setup = new Setup(spec);
        using var batch = Examples.Batch(spec, 4, 5);
        using var none = new Batch(zeros(0, 3, 4), zeros(0, ScalarType.Int64), 0);
        for (var i = 0; i < 2; i++)
        {
            setup.Replica.ZeroGradients(0);
            setup.Replica.ComputeSlot(none, Loss, 0, 9);
            Assert.All(setup.Gradients[0].Span.ToArray(), value => Assert.Equal(0, value));
        }

        setup.Replica.ZeroGradients(0);
        setup.Replica.ComputeSlot(batch, Loss, 1, 9);
        var before = setup.Gradients[0].Span.ToArray();
        setup.Replica.ComputeSlot(none, Loss, 0, 9);
        Assert.Contains(before, value => value != 0);
        Assert.Equal(before, setup.Gradients[0].Span.ToArray());
    }

    [Fact]
    public void A_layout_says_where_rounded_elements_end_and_float32_begin()
    {
        using var setup = new Setup(LayerCases.Model([2, 3], "{'type':'batch-norm'}", "{'type':'flatten'}", "{'type':'linear','out':5}"));
        var layout = setup.Layout;
        Assert.True(layout.Length > layout.TrainableLength);
        Assert.Equal(2 * layout.TrainableLength, layout.Format.BytesTo(layout.TrainableLength));
        Assert.Equal(2 * layout.TrainableLength + 4 * (layout.Length - layout.TrainableLength), layout.Format.BytesTo(layout.Length));
        var part = layout.Format.Of(16, layout.Length - 16);
        Assert.Equal(layout.Format.BytesOf(16, layout.Length - 16), part.BytesTo(layout.Length - 16));
        using var module = Examples.Build(LayerCases.Model([2, 3], "{'type':'batch-norm'}", "{'type':'flatten'}", "{'type':'linear','out':5}"));
        Assert.NotEqual(ParameterLayout.Of(module).Hash, layout.Hash);
    }

    [Fact]
    public void New_weights_are_seen_by_layers_of_either_type()
    {
        var spec = LayerCases.Model([6], "{'type':'embedding','tokens':5,'width':4}", "{'type':'layer-norm'}", "{'type':'lstm','hidden':4,'output':'last'}", "{'type':'linear','out':5}");
        using var setup = new Setup(spec);
        using var batch = Examples.Batch(spec, 8, 5);
        using var before = setup.Replica.Forward(batch.Inputs);
        Assert.Equal(ScalarType.Float32, before.dtype);
        setup.Publish(Examples.Build(spec, 8));
        using var after = setup.Replica.Forward(batch.Inputs);
        using var replica = new Setup(spec, 8);
        using var expected = replica.Replica.Forward(batch.Inputs);
        Assert.Equal(Examples.Floats(expected), Examples.Floats(after));
        Assert.NotEqual(Examples.Floats(before), Examples.Floats(after));
    }

    [Fact]
    public void A_class_of_the_programs_own_computes_in_float32_with_all_that_is_inside()
    {
        using var module = nn.Sequential(("first", nn.Linear(4, 3)), ("own", new OfFloat32Only()), ("last", nn.Linear(2, 5)));
        Bfloat16Module.Convert(module);
        using var inputs = randn(6, 4);
        using var outputs = module.call(inputs);
        outputs.sum().backward();
        Assert.Equal(ScalarType.BFloat16, outputs.dtype);
        Assert.All(module.named_parameters(), named =>
        {
            Assert.Equal(named.name.StartsWith("own.", StringComparison.Ordinal) ? ScalarType.Float32 : ScalarType.BFloat16, named.parameter.dtype);
            Assert.NotNull(named.parameter.grad);
        });
    }

    /// <summary>Multiplies by a matrix that is float32 whatever the parameters are.</summary>
    private sealed class OfFloat32Only : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear inside = nn.Linear(3, 3);

        public OfFloat32Only() : base(nameof(OfFloat32Only)) => RegisterComponents();

        public override Tensor forward(Tensor input) => inside.call(input).matmul(ones(3, 2));
    }

    private static float[] Gradient(ModelSpec spec, Batch batch, Precision precision)
    {
        using var setup = new Setup(spec, precision: precision);
        setup.Replica.ZeroGradients(0);
        var (layout, format) = (setup.Layout, setup.Layout.Format);
        setup.Replica.ComputeSlot(batch, Loss, 1, 9);
        return [.. Enumerable.Range(0, (int)layout.TrainableLength).Select(i => format.IsRounded(i)
            ? BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Cast<byte, ushort>(setup.Gradients[0].Bytes)[i] << 16)
            : setup.Gradients[0].Span[i])];
    }

    /// <summary>A replica whose weights are those of a seed, published.</summary>
    private sealed class Setup : IDisposable
    {
        public Setup(ModelSpec spec, long seed = 7, Precision precision = Precision.Bfloat16)
        {
            var module = Examples.Build(spec, seed);
            Layout = ParameterLayout.Of(module, precision);
            Weights = new FloatMemory(Layout.Length);
            Gradients = [new(Layout.Length), new(Layout.Length), new(Layout.Length)];
            Publish(module);
            Replica = new ModelReplica(module, Layout, [Weights.Address], [.. Gradients.Select(g => g.Address)]);
        }

        public ParameterLayout Layout { get; }

        public FloatMemory Weights { get; }

        public FloatMemory[] Gradients { get; }

        public ModelReplica Replica { get; }

        public void Publish(nn.Module<Tensor, Tensor> module)
        {
            using var master = new FloatMemory(Layout.Length);
            ModelReplica.CopyInitialWeights(module, Layout, master.Address, 0, Layout.Length);
            Layout.Format.Publish(master.Address, Weights.Address, 0, Layout.TrainableLength);
            Layout.Format.Publish(master.Address, Weights.Address, Layout.TrainableLength, Layout.Length - Layout.TrainableLength);
        }

        public void Dispose()
        {
            Replica.Dispose();
            Weights.Dispose();
            foreach (var memory in Gradients) memory.Dispose();
        }
    }
}
