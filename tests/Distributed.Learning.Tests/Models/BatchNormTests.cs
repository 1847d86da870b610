using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public class BatchNormTests
{
    private static readonly ILossFunction Loss = new CrossEntropy();

    internal static ModelSpec Cnn => LayerCases.Model([2, 5, 5], "{'type':'conv2d','out':4,'kernel':3}", "{'type':'batch-norm','momentum':0.2}",
        "{'type':'residual','layers':['relu',{'type':'batch-norm','affine':false}]}", "{'type':'flatten'}", "{'type':'linear','out':5}",
        "{'type':'batch-norm'}");

    [Fact]
    public void Statistics_lie_behind_the_parameters_with_the_names_of_pytorch()
    {
        using var module = Examples.Build(Cnn);
        var layout = ParameterLayout.Of(module);
        Assert.Equal(
            ["0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias", "5.weight", "5.bias", "1.running_mean", "1.running_var",
                "2.layers.1.running_mean", "2.layers.1.running_var", "5.running_mean", "5.running_var"],
            layout.Entries.Select(e => e.Name));
        Assert.Equal([0.2, 0.2, 0.1, 0.1, 0.1, 0.1], layout.Entries.Skip(8).Select(e => e.Momentum!.Value));
        Assert.All(layout.Entries.Take(8), entry => Assert.Null(entry.Momentum));
        Assert.Equal(layout.Entries[8].Offset, layout.TrainableLength);
        Assert.Equal(layout.TrainableLength + 6 * 16, layout.Length);
        Assert.Equal(Cnn.CheckShapes().Sum(shape => shape.Parameters), layout.ParameterCount);
        Assert.NotEqual(layout.Hash, ParameterLayout.Of(Examples.Build(Cnn with { Layers = [.. Cnn.Layers.SkipLast(1), new BatchNormLayer(0.3)] })).Hash);
    }

    [Fact]
    public void A_training_pass_is_that_of_torch_and_touches_no_running_statistic()
    {
        using var scope = NewDisposeScope();
        var ours = new BatchNormModule(3, 0.1, 1e-5, affine: true);
        var theirs = nn.BatchNorm2d(3);
        using var setup = new Generator(1);
        var input = randn([4, 3, 5, 5], generator: setup);
        Assert.Equal(Examples.Floats(theirs.call(input)), Examples.Floats(ours.call(input)));
        Assert.Equal([0f, 0f, 0f], Examples.Floats(ours.Running.Mean));
        Assert.Equal([1f, 1f, 1f], Examples.Floats(ours.Running.Variance));

        // Torch's running statistics are those of our rule: the mean, and the unbiased variance.
        Assert.True(ours.Batch.Variance.allclose(input.transpose(0, 1).reshape(3, -1).var(1, true), 1e-5));
        foreach (var (start, batch, running) in new[] { (0f, ours.Batch.Mean, theirs.running_mean), (1f, ours.Batch.Variance, theirs.running_var) })
        {
            var result = new float[3];
            RunningStatistics.Step([start, start, start], result, Examples.Floats(batch), 0.1f);
            Assert.Equal(Examples.Floats(running!), result, (a, b) => Math.Abs(a - b) < 1e-6);
        }
    }

    [Fact]
    public void One_value_a_channel_is_normalised_by_the_running_statistics_and_moves_none()
    {
        using var scope = NewDisposeScope();
        using var norm = new BatchNormModule(2, 0.1, 1e-5, affine: true);
        norm.Running.Mean.fill_(3);
        norm.Running.Variance.fill_(4);
        var output = norm.call(tensor(new float[,] { { 5, 1 } }));
        Assert.Equal([1f, -1f], Examples.Floats(output), (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.Equal([3f, 3f], Examples.Floats(norm.Batch.Mean));
        Assert.Equal([4f, 4f], Examples.Floats(norm.Batch.Variance));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Slots_give_the_same_bits_on_any_number_of_workers(int workers) =>
        Assert.Equal(Train(4, 1).Weights.Select(BitConverter.SingleToInt32Bits), Train(4, workers).Weights.Select(BitConverter.SingleToInt32Bits));

    [Fact]
    public void Running_statistics_are_the_mean_over_the_samples_of_the_slots_statistics()
    {
        var (layout, weights, _) = Train(4, 2, steps: 1);
        using var scope = NewDisposeScope();
        using var module = Examples.Build(Cnn);
        using var first = ((nn.Module<Tensor, Tensor>)module.named_children().First().module);
        double[] mean = new double[4], variance = new double[4];
        foreach (var slot in Enumerable.Range(0, 4))
        {
            using var batch = Batch(0, slot);
            var channels = first.call(batch.Inputs).transpose(0, 1).reshape(4, -1);
            for (var c = 0; c < 4; c++)
            {
                mean[c] += Weight(slot) * channels[c].mean().ToDouble();
                variance[c] += Weight(slot) * channels[c].var(true).ToDouble();
            }
        }
        Assert.Equal(mean.Select(m => 0.2 * m), Entry("1.running_mean"), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(variance.Select(v => 1 + 0.2 * (v - 1)), Entry("1.running_var"), (a, b) => Math.Abs(a - b) < 1e-6);

        IEnumerable<double> Entry(string name)
        {
            var entry = layout.Entries.Single(e => e.Name == name);
            return weights.Skip((int)entry.Offset).Take((int)entry.Count).Select(v => (double)v);
        }
    }

    [Fact]
    public void An_evaluation_after_training_is_near_the_training_loss()
    {
        var (_, _, losses) = Train(4, 1, steps: 60);
        Assert.True(losses.Training < 0.5, $"training loss {losses.Training}");
        Assert.InRange(losses.Evaluation, 0, losses.Training * 2 + 0.2);
    }

    // Slots of 3, 4, 5 and 6 samples.
    private static Batch Batch(int step, int slot) => Examples.Batch(Cnn, 3 + slot, 100 + slot + 4 * (step % 2));

    private static double Weight(int slot) => (3 + slot) / 18.0;

    /// <summary>Training by hand: workers compute their slots, the sums follow the tree ((0, 1), (2, 3)), three shards update.</summary>
    private static (ParameterLayout Layout, float[] Weights, (double Training, double Evaluation) Losses) Train(int slots, int workers, int steps = 5)
    {
        using var setup = new ModelReplicaTests.Setup(Cnn);
        var (layout, replica) = (setup.Layout, setup.Replica);
        var rule = new OptimizerSpec("sgd", 0.2) { Momentum = 0.5 };
        long[] cuts = [0, 16, layout.TrainableLength - 16, layout.Length];
        var shards = cuts.Zip(cuts.Skip(1), (start, end) =>
        {
            var statistics = new ShardStatistics(layout, start, end - start);
            return (Start: start, Statistics: statistics, Optimizer: new ShardOptimizer(rule, end - start - statistics.Floats));
        }).ToArray();
        var loss = 0.0;
        for (var step = 0; step < steps; step++)
        {
            replica.UseWeights(step % 2);
            loss = 0;
            for (var buffer = 0; buffer < 4; buffer++) replica.ZeroGradients(buffer);
            // With fewer workers more slots add up in one buffer; a worker of all four keeps the left half aside, as the tree says.
            for (var slot = 0; slot < slots; slot++) Compute(step, slot, workers == 4 ? slot : slot / 2 * 2);
            if (workers == 4)
            {
                replica.AddGradients(0, 1);
                replica.AddGradients(2, 3);
                replica.AddGradients(1, 3);
            }
            else
            {
                replica.AddGradients(0, 2);
                replica.CopyGradients(2, 3);
            }
            foreach (var (start, statistics, optimizer) in shards)
            {
                var offset = (nint)(start * sizeof(float));
                var (from, to, sum) = (setup.Weights[step % 2].Address + offset, setup.Weights[1 - step % 2].Address + offset, setup.Gradients[3].Address + offset);
                optimizer.Step(from, to, sum);
                statistics.Step(from, to, sum);
            }
        }
        foreach (var shard in shards) shard.Optimizer.Dispose();
        replica.UseWeights(steps % 2);
        var evaluation = Enumerable.Range(0, slots).Sum(slot =>
        {
            using var batch = Batch(steps - 1, slot);
            using var outputs = replica.Forward(batch.Inputs);
            using var mean = Loss.Mean(outputs, batch.Targets);
            return mean.ToDouble() * Weight(slot);
        });
        return (layout, setup.Weights[steps % 2].Span.ToArray(), (loss, evaluation));

        void Compute(int step, int slot, int buffer)
        {
            replica.UseGradients(buffer);
            using var batch = Batch(step, slot);
            loss += replica.ComputeSlot(batch, Loss, Weight(slot), slot).LossSum / 18;
        }
    }
}
