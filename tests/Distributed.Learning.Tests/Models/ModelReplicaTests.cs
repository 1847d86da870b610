using System.Diagnostics;
using TorchSharp;

namespace Distributed.Learning.Tests;

public class ModelReplicaTests
{
    private static readonly ILossFunction Loss = new CrossEntropy();

    public static TheoryData<string> Models => ["mlp", "cnn"];

    private static ModelSpec Spec(string model) => model switch { "mlp" => Examples.Mlp, "cnn" => Examples.Cnn, _ => Examples.Wide };

    [Theory, MemberData(nameof(Models))]
    public void The_flat_gradient_is_that_of_plain_autograd_bit_for_bit(string model)
    {
        using var setup = new Setup(Spec(model));
        using var batch = Examples.Batch(Spec(model), 9, 5);
        var result = setup.Replica.ComputeSlot(batch, Loss, 1, 99);

        using var plain = Examples.Build(Spec(model));
        using (torch.manual_seed(99)) { }
        var outputs = plain.call(batch.Inputs);
        var mean = Loss.Mean(outputs, batch.Targets);
        mean.backward();
        foreach (var (entry, parameter) in setup.Layout.Entries.Zip(plain.parameters()))
            Assert.Equal(Examples.Floats(parameter.grad!), setup.Gradient(0, entry));
        Assert.Equal(9, result.Samples);
        Assert.Equal((double)mean.ToSingle() * 9, result.LossSum);
        Assert.Equal(outputs.argmax(1).eq(batch.Targets).sum().ToInt64(), result.Correct);
    }

    [Theory, MemberData(nameof(Models))]
    public void A_repeated_slot_gives_the_same_bits(string model)
    {
        using var setup = new Setup(Spec(model));
        using var batch = Examples.Batch(Spec(model), 9, 5);
        setup.Replica.ComputeSlot(batch, Loss, 0.25, 99);
        setup.Replica.UseGradients(1);
        using (torch.manual_seed(1)) torch.rand(100).Dispose();
        setup.Replica.ComputeSlot(batch, Loss, 0.25, 99);
        Assert.True(setup.Gradients[0].Bytes.SequenceEqual(setup.Gradients[1].Bytes));
        setup.Replica.ZeroGradients(1);
        setup.Replica.ComputeSlot(batch, Loss, 0.25, 100);
        Assert.False(setup.Gradients[0].Bytes.SequenceEqual(setup.Gradients[1].Bytes), "another seed drops other elements");
    }

    [Fact]
    public void A_new_thread_gives_the_same_bits_from_its_first_slot_on()
    {
        using var setup = new Setup(Examples.Mlp);
        using var batch = Examples.Batch(Examples.Mlp, 64, 5);
        setup.Replica.ComputeSlot(batch, Loss, 1, 1);
        setup.Replica.UseGradients(1);
        for (var i = 0; i < 20; i++)
        {
            setup.Replica.ZeroGradients(1);
            var threads = 0;
            var thread = new Thread(() =>
            {
                setup.Replica.ComputeSlot(batch, Loss, 1, 1);
                threads = torch.get_num_threads();
            });
            thread.Start();
            thread.Join();
            Assert.Equal(1, threads);
            Assert.True(setup.Gradients[0].Bytes.SequenceEqual(setup.Gradients[1].Bytes));
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Flipping_buffers_flips_results_and_gradients(string model)
    {
        var spec = Spec(model);
        using var setup = new Setup(spec);
        using var other = Examples.Build(spec, 8);
        ModelReplica.CopyInitialWeights(other, setup.Layout, setup.Weights[1].Address, 0, setup.Layout.Length);
        using var batch = Examples.Batch(spec, 6, 5);
        var expected = new[] { Alone(7), Alone(8) };

        for (var round = 0; round < 3; round++)
            foreach (var (weights, gradients) in new[] { (0, 1), (1, 0), (1, 1), (0, 0) })
            {
                setup.Replica.UseWeights(weights);
                setup.Replica.UseGradients(gradients);
                setup.Replica.ZeroGradients(gradients);
                using (var outputs = setup.Replica.Forward(batch.Inputs)) Assert.Equal(expected[weights].Outputs, Examples.Floats(outputs));
                var untouched = setup.Gradients[1 - gradients].Bytes.ToArray();
                setup.Replica.ComputeSlot(batch, Loss, 1, 3);
                Assert.True(setup.Gradients[gradients].Bytes.SequenceEqual(expected[weights].Gradient));
                Assert.True(setup.Gradients[1 - gradients].Bytes.SequenceEqual(untouched));
            }

        (float[] Outputs, byte[] Gradient) Alone(long seed)
        {
            using var alone = new Setup(spec, seed);
            using var outputs = alone.Replica.Forward(batch.Inputs);
            alone.Replica.ComputeSlot(batch, Loss, 1, 3);
            return (Examples.Floats(outputs), alone.Gradients[0].Bytes.ToArray());
        }
    }

    [Fact]
    public void Weights_that_are_written_from_outside_count_at_the_next_pass()
    {
        using var setup = new Setup(Examples.Mlp);
        using var batch = Examples.Batch(Examples.Mlp, 4, 5);
        setup.Weights[0].Span.Clear();
        using var outputs = setup.Replica.Forward(batch.Inputs);
        Assert.All(Examples.Floats(outputs), value => Assert.Equal(0, value));
    }

    [Theory, InlineData("mlp"), InlineData("wide")]
    public void Slots_add_up_in_one_buffer_and_between_buffers(string model)
    {
        using var setup = new Setup(Spec(model));
        using var first = Examples.Batch(Spec(model), 4, 5);
        using var second = Examples.Batch(Spec(model), 3, 6);
        var replica = setup.Replica;
        replica.ComputeSlot(first, Loss, 0.5, 1);
        replica.UseGradients(1);
        replica.ComputeSlot(second, Loss, 0.5, 2);
        replica.UseGradients(2);
        replica.ComputeSlot(first, Loss, 0.5, 1);
        replica.ComputeSlot(second, Loss, 0.5, 2);
        replica.CopyGradients(1, 3);
        Assert.True(setup.Gradients[3].Bytes.SequenceEqual(setup.Gradients[1].Bytes));
        replica.AddGradients(0, 1);
        Assert.True(setup.Gradients[2].Bytes.SequenceEqual(setup.Gradients[1].Bytes));
        replica.AddGradients(2, 2);
        Assert.Equal(setup.Gradients[1].Span[0] * 2, setup.Gradients[2].Span[0]);
    }

    [Fact]
    public void The_padding_of_weights_and_gradients_stays_zero()
    {
        using var setup = new Setup(Examples.Cnn);
        using var batch = Examples.Batch(Examples.Cnn, 4, 5);
        setup.Replica.ComputeSlot(batch, Loss, 1, 1);
        var end = 0L;
        foreach (var entry in setup.Layout.Entries.Append(new ParameterEntry("end", [], setup.Layout.Length, 0)))
        {
            for (var i = (int)end; i < entry.Offset; i++) Assert.Equal((0f, 0f), (setup.Gradients[0].Span[i], setup.Weights[0].Span[i]));
            end = entry.Offset + entry.Count;
        }
    }

    [Fact]
    public void A_slot_without_samples_adds_nothing()
    {
        using var setup = new Setup(Examples.Mlp);
        using var batch = new Batch(torch.zeros(0, 20), torch.zeros(0, torch.int64), 0);
        Assert.Equal(new SlotResult(0, 0, 0, 0), setup.Replica.ComputeSlot(batch, Loss, 0, 1));
        Assert.Equal(0, setup.Gradients[0].Span.IndexOfAnyExcept(0f) + 1);
    }

    [Fact]
    public void Initial_weights_can_be_written_in_ranges()
    {
        using var module = Examples.Build(Examples.Cnn);
        var layout = ParameterLayout.Of(module);
        using var whole = new FloatMemory(layout.Length, float.NaN);
        ModelReplica.CopyInitialWeights(module, layout, whole.Address, 0, layout.Length);
        using var parts = new FloatMemory(layout.Length, float.NaN);
        for (var from = 0L; from < layout.Length; from += 37)
        {
            var count = Math.Min(37, layout.Length - from);
            ModelReplica.CopyInitialWeights(module, layout, parts.Address + (nint)(from * 4), from, count);
        }
        Assert.True(whole.Bytes.SequenceEqual(parts.Bytes));
        foreach (var (entry, parameter) in layout.Entries.Zip(module.parameters()))
            Assert.Equal(Examples.Floats(parameter), whole.Span.Slice((int)entry.Offset, (int)entry.Count).ToArray());
        Assert.Equal(WeightsSha256.Of(module), WeightsSha256.Of(layout, whole.Address));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => ModelReplica.CopyInitialWeights(module, layout, whole.Address, 16, layout.Length));
    }

    [Fact]
    public void A_thousand_steps_leave_no_tensor_and_no_growing_managed_memory_behind()
    {
        using var setup = new Setup(Examples.Mlp);
        using var batch = Examples.Batch(Examples.Mlp, 4, 5);
        Step(0);
        var tensors = Examples.LiveTensors();
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 0; step < 1000; step++) Step(step);
        Assert.Equal(tensors, Examples.LiveTensors());
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - bytes) / 1000, 0, 20_000);

        void Step(int step)
        {
            setup.Replica.UseWeights(step % 2);
            setup.Replica.UseGradients(step % 2);
            setup.Replica.ZeroGradients(step % 2);
            setup.Replica.ComputeSlot(batch, Loss, 0.5, step);
            setup.Replica.AddGradients(step % 2, 2);
            setup.Replica.CopyGradients(2, 3);
            setup.Replica.Forward(batch.Inputs).Dispose();
        }
    }

    [Fact]
    public void Choosing_buffers_costs_microseconds()
    {
        using var setup = new Setup(Examples.Cnn);
        for (var i = 0; i < 100; i++) Flip(i);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 1000; i++) Flip(i);
        var perParameter = Stopwatch.GetElapsedTime(start).TotalMicroseconds / 1000 / setup.Layout.Entries.Count;
        Assert.InRange(perParameter, 0, 100);

        void Flip(int i)
        {
            setup.Replica.UseWeights(i % 2);
            setup.Replica.UseGradients(i % 2);
        }
    }

    [Fact]
    public void A_layout_of_another_module_is_refused()
    {
        using var module = Examples.Build(Examples.Mlp);
        using var other = Examples.Build(Examples.Cnn);
        using var memory = new FloatMemory(1 << 16);
        Assert.Throws<ArgumentException>(() => new ModelReplica(module, ParameterLayout.Of(other), [memory.Address], []));
    }

    internal sealed class Setup : IDisposable
    {
        public Setup(ModelSpec spec, long seed = 7) : this(Examples.Build(spec, seed))
        {
        }

        public Setup(torch.nn.Module<torch.Tensor, torch.Tensor> module)
        {
            Layout = ParameterLayout.Of(module);
            Weights = [new(Layout.Length), new(Layout.Length)];
            Gradients = [new(Layout.Length), new(Layout.Length), new(Layout.Length), new(Layout.Length)];
            ModelReplica.CopyInitialWeights(module, Layout, Weights[0].Address, 0, Layout.Length);
            Replica = new ModelReplica(module, Layout, [.. Weights.Select(w => w.Address)], [.. Gradients.Select(g => g.Address)], stageFloats: 1);
        }

        public ParameterLayout Layout { get; }

        public FloatMemory[] Weights { get; }

        public FloatMemory[] Gradients { get; }

        public ModelReplica Replica { get; }

        public float[] Gradient(int buffer, ParameterEntry entry) =>
            Gradients[buffer].Span.Slice((int)entry.Offset, (int)entry.Count).ToArray();

        public void Dispose()
        {
            Replica.Dispose();
            foreach (var memory in Weights.Concat(Gradients)) memory.Dispose();
        }
    }
}
