using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

/// <summary>A pass that is told and asked stage by stage, against the pass that is not.</summary>
public class StagedPassTests
{
    private const long Seed = 9;

    private static readonly ILossFunction Loss = new CrossEntropy();

    public static TheoryData<string> Models => [.. Specs.Keys];

    internal static Dictionary<string, ModelSpec> Specs => new(LayerReplicaTests.Specs) { ["mlp"] = Examples.Mlp, ["cnn"] = Examples.Cnn, ["wide"] = Examples.Wide, ["norm"] = Norm };

    // Its first layer has no parameters, and reads its running statistics where it sees but one sample.
    private static ModelSpec Norm => LayerCases.Model(
        [20], "{'type':'batch-norm','affine':false}", "{'type':'linear','out':33}", "{'type':'tanh'}", "{'type':'linear','out':5}");

    [Theory, MemberData(nameof(Models))]
    public void Its_bits_are_those_of_the_whole_pass_and_ready_gradients_stay(string name)
    {
        var spec = Specs[name];
        using var setup = new ModelReplicaTests.Setup(spec);
        using var first = Examples.Batch(spec, 4, 5);
        using var second = Examples.Batch(spec, 7, 6);
        // A first slot, whose gradient is written over the buffer, and one that is added to it.
        setup.Replica.ComputeSlot(first, Loss, 0.25, Seed);
        var afterFirst = setup.Gradients[0].Span.ToArray();
        var result = setup.Replica.ComputeSlot(second, Loss, 0.75, Seed + 1);
        var afterSecond = setup.Gradients[0].Span.ToArray();

        setup.Replica.UseGradients(1);
        setup.Replica.ZeroGradients(1);
        var signals = new Signals(setup, 1);
        setup.Replica.ComputeSlot(first, Loss, 0.25, Seed, signals: signals.Value);
        signals.CheckAll(afterFirst);
        signals = new Signals(setup, 1);
        Assert.Equal(result, setup.Replica.ComputeSlot(second, Loss, 0.75, Seed + 1, signals: signals.Value));
        signals.CheckAll(afterSecond);
        Assert.True(signals.Stages > 1, "every layer with parameters is a stage here");
    }

    [Fact]
    public void Small_layers_share_a_stage_with_the_next()
    {
        using var module = Examples.Build(Examples.Cnn);
        var layout = ParameterLayout.Of(module);
        var stages = ModelStage.Cut(module, layout, 300);

        // Floats with padding: 80 and 448 of the convolutions, 1,240 and 96 of the linear layers.
        Assert.Equal([3, 3, 4], stages.Select(stage => stage.Layers.Count));
        Assert.Equal(10, stages.Sum(stage => stage.Layers.Count));
        Assert.Equal(Enumerable.Range(0, layout.Parameters.Count), stages.SelectMany(stage => stage.Parameters));
        Assert.Equal([0, .. stages.SkipLast(1).Select(stage => stage.End)], stages.Select(stage => stage.Start));
        Assert.Equal(layout.Length, stages[^1].End);
        Assert.All(stages.Skip(1), stage => Assert.True(stage.End - stage.Start >= 300));
        Assert.Single(ModelStage.Cut(module, layout, 1 << 20));
    }

    [Fact]
    public void A_module_without_visible_layers_is_ready_at_once_with_the_same_bits()
    {
        using var setup = new ModelReplicaTests.Setup(new TwoPaths());
        using var batch = new Batch(ones(3, 4), zeros([3], ScalarType.Int64), 3);
        setup.Replica.ComputeSlot(batch, Loss, 1, Seed);
        setup.Replica.UseGradients(1);
        var signals = new Signals(setup, 1);
        setup.Replica.ComputeSlot(batch, Loss, 1, Seed, signals: signals.Value);
        signals.CheckAll(setup.Gradients[0].Span.ToArray());
        Assert.Equal(1, signals.Stages);
    }

    [Fact]
    public void Layers_that_share_parameters_are_one_stage()
    {
        using var layer = nn.Linear(4, 4);
        using var module = nn.Sequential(("0", layer), ("1", nn.Tanh()), ("2", layer));
        Assert.Single(ModelStage.Cut(module, ParameterLayout.Of(module), 1));
    }

    [Fact]
    public void A_slot_without_samples_needs_all_weights_and_is_ready_at_once()
    {
        using var setup = new ModelReplicaTests.Setup(Examples.Mlp);
        using var empty = new Batch(zeros(0, 20), zeros([0], ScalarType.Int64), 0);
        setup.Replica.ZeroGradients(0);
        var signals = new Signals(setup, 0);
        setup.Replica.ComputeSlot(empty, Loss, 0, Seed, signals: signals.Value);
        signals.CheckAll(new float[setup.Layout.Length]);
    }

    [Fact]
    public void Nothing_of_a_loss_that_is_not_finite_is_ready()
    {
        using var setup = new ModelReplicaTests.Setup(Examples.Mlp);
        using var batch = Examples.Batch(Examples.Mlp, 4, 5);
        setup.Weights[0].Span.Fill(float.NaN);
        var result = setup.Replica.ComputeSlot(
            batch, Loss, 1, Seed, signals: new SlotSignals(_ => { }, (_, _) => Assert.Fail("the gradient is not to be sent"), ByStage: true));
        Assert.True(double.IsNaN(result.LossSum));
        Assert.Equal("0.weight", setup.Replica.FirstNotFiniteGradient(0));
    }

    [Theory, InlineData("mlp", 4, 2), InlineData("wide", 4, 4), InlineData("norm", 4, 2), InlineData("norm", 1, 1)]
    public void Weights_that_come_while_the_first_layers_compute_count(string name, int samples, int arrivals)
    {
        var spec = Specs[name];
        using var setup = new ModelReplicaTests.Setup(spec);
        using var batch = Examples.Batch(spec, samples, 5);
        setup.Replica.ComputeSlot(batch, Loss, 1, Seed);
        var whole = setup.Weights[0].Span.ToArray();
        setup.Weights[0].Span.Fill(float.NaN);
        setup.Replica.UseGradients(1);
        var there = 0L;
        setup.Replica.ComputeSlot(batch, Loss, 1, Seed, signals: new SlotSignals(
            end =>
            {
                if (end <= there) return;
                whole.AsSpan((int)there, (int)(end - there)).CopyTo(setup.Weights[0].Span[(int)there..]);
                there = end;
                arrivals--;
            },
            (_, _) => { },
            ByStage: true));
        Assert.Equal(whole.Length, there);
        Assert.Equal(0, arrivals);
        Assert.True(setup.Gradients[0].Bytes.SequenceEqual(setup.Gradients[1].Bytes));
    }

    // Of more than 128 samples forward's blocks have the samples as the left operand.
    [Theory, InlineData(6), InlineData(129)]
    public void A_large_layer_is_ready_block_by_block_with_the_gradients_of_autograd(int samples)
    {
        using var setup = new ModelReplicaTests.Setup(Examples.Wide);
        using var batch = Examples.Batch(Examples.Wide, samples, 5);
        var ready = new List<(long Start, long End)>();
        setup.Replica.ComputeSlot(batch, Loss, 1, Seed, signals: new SlotSignals(_ => { }, (start, end) => ready.Add((start, end)), ByStage: true));
        var head = setup.Layout.Parameters[2].Offset;
        Assert.Equal([(head, setup.Layout.Length), (512 * 1100, head), (0, 512 * 1100)], ready);

        using var plain = Examples.Build(Examples.Wide);
        Loss.Mean(plain.call(batch.Inputs), batch.Targets).backward();
        foreach (var (entry, parameter) in setup.Layout.Entries.Zip(plain.parameters()))
        {
            var expected = Examples.Floats(parameter.grad!);
            var tolerance = 1e-5f * expected.Max(Math.Abs);
            Assert.All(expected.Zip(setup.Gradient(0, entry)), pair => Assert.InRange(pair.Second, pair.First - tolerance, pair.First + tolerance));
        }
    }

    /// <summary>What a slot said: ranges in order, and the floats that were ready as they were at that moment.</summary>
    private sealed class Signals(ModelReplicaTests.Setup setup, int buffer)
    {
        private readonly List<long> needed = [];
        private readonly List<(long Start, long End)> ready = [];
        private readonly float[] then = new float[setup.Layout.Length];

        public int Stages => ready.Count;

        public SlotSignals Value => new(
            end =>
            {
                Assert.Empty(ready);
                needed.Add(end);
            },
            (start, end) =>
            {
                ready.Add((start, end));
                Current[(int)start..(int)end].CopyTo(then.AsSpan((int)start));
            },
            ByStage: true);

        private Span<float> Current => setup.Gradients[buffer].Span;

        public void CheckAll(float[] expected)
        {
            Assert.Equal(setup.Layout.Length, needed[^1]);
            Assert.Equal(needed.Order(), needed);
            Assert.Equal(setup.Layout.Length, ready[0].End);
            Assert.Equal(ready.Skip(1).Select(range => range.End).Append(0), ready.Select(range => range.Start));
            Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), Current.ToArray().Select(BitConverter.SingleToInt32Bits));
            Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), then.Select(BitConverter.SingleToInt32Bits));
        }
    }

    private sealed class TwoPaths : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> left = nn.Linear(4, 3);
        private readonly nn.Module<Tensor, Tensor> right = nn.Linear(4, 3);

        public TwoPaths() : base(nameof(TwoPaths)) => RegisterComponents();

        public override Tensor forward(Tensor input) => left.call(input) + right.call(input).tanh();
    }
}
