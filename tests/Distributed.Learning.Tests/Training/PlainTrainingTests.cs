using TorchSharp;

namespace Distributed.Learning.Tests;

public class PlainTrainingTests
{
    public static TheoryData<string, string> Jobs => new()
    {
        { "mlp", "sgd" }, { "mlp", "adam" }, { "cnn", "sgd" }, { "cnn", "adamw" }, { "batch-norm", "adam" },
    };

    public static TheoryData<OptimizerSpec> Optimizers =>
    [
        .. OptimizerKinds.Types.Select(type => new OptimizerSpec(type, 0.01) { Momentum = type is "sgd" or "lars" ? 0.9 : 0, WeightDecay = 0.01 }),
        new("sgd", 0.02) { Momentum = 0.9, ClipNorm = 0.1, ClipValue = 0.05, L1 = 1e-3, DecayOnlyWeights = true, WeightDecay = 0.01 },
        new("adam", 0.02) { ClipNorm = 0.1, Groups = [new("*.bias", 0, 1e-3, 2)] },
    ];

    [Theory, MemberData(nameof(Optimizers))]
    public void A_replica_with_one_shard_trains_to_the_bits_of_plain_training_with_every_optimizer(OptimizerSpec optimizer)
    {
        const int batch = 16, steps = 8;
        const long seed = 12;
        var model = BatchNormTests.Cnn;
        var loss = new CrossEntropy();
        var rates = new LearningRateSchedule(new ScheduleSpec("cosine") { Warmup = new(3, false) }, optimizer.LearningRate, 5, steps);
        using var data = new Points(model, 70);
        var plain = PlainTraining.Run(model, data, null, loss, optimizer, batch, steps, seed, rates: rates);

        var module = Examples.Build(model, seed);
        var layout = ParameterLayout.Of(module);
        using var weights = new FloatMemory(layout.Length);
        using var gradient = new FloatMemory(layout.Length);
        ModelReplica.CopyInitialWeights(module, layout, weights.Address, 0, layout.Length);
        using var replica = new ModelReplica(module, layout, [weights.Address], [gradient.Address]);
        using var shard = new ShardOptimizer(optimizer, layout, 0, layout.TrainableLength);
        var statistics = new ShardStatistics(layout, 0, layout.Length);
        var sampler = new SlotSampler(data.Count, batch, 1, seed);
        for (var step = 0; step < steps; step++)
        {
            replica.ZeroGradients(0);
            using var samples = data.Gather(sampler.Indices(step, 0));
            replica.ComputeSlot(samples, loss, 1, sampler.SlotSeed(step, 0));
            shard.Step(weights.Address, weights.Address, gradient.Address, rates.At(step));
            statistics.Step(weights.Address, weights.Address, gradient.Address);
        }
        Assert.Equal(plain.WeightsSha256, WeightsSha256.Of(layout, weights.Address));
    }

    [Theory, MemberData(nameof(Jobs))]
    public void A_replica_with_cut_shards_trains_to_the_bits_of_plain_training(string name, string type)
    {
        const int batch = 16, steps = 12;
        const long seed = 11;
        var model = name switch { "mlp" => Examples.Mlp, "cnn" => Examples.Cnn, _ => BatchNormTests.Cnn };
        var optimizer = new OptimizerSpec(type, 0.02) { Momentum = type == "sgd" ? 0.9 : 0, WeightDecay = 0.01 };
        var loss = new CrossEntropy();
        using var data = new Points(model, 70);
        var plain = PlainTraining.Run(model, data, data, loss, optimizer, batch, steps, seed);
        Assert.Equal(steps, plain.Losses.Count);
        Assert.True(plain.MedianStepMilliseconds > 0);
        Assert.Equal(70, plain.Evaluation!.Samples);

        var module = Examples.Build(model, seed);
        var layout = ParameterLayout.Of(module);
        FloatMemory[] weights = [new(layout.Length), new(layout.Length)];
        using var gradient = new FloatMemory(layout.Length);
        ModelReplica.CopyInitialWeights(module, layout, weights[0].Address, 0, layout.Length);
        using var replica = new ModelReplica(module, layout, [weights[0].Address, weights[1].Address], [gradient.Address]);
        long[] cuts = [0, 16, layout.TrainableLength / 32 * 16, layout.Length];
        var shards = cuts.Zip(cuts.Skip(1)).Select(c => (c.First, Statistics: new ShardStatistics(layout, c.First, c.Second - c.First), c.Second))
            .Select(c => (c.First, new ShardOptimizer(optimizer, c.Second - c.First - c.Statistics.Floats), c.Statistics)).ToArray();
        var sampler = new SlotSampler(data.Count, batch, 1, seed);
        var losses = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            replica.UseWeights(step % 2);
            replica.ZeroGradients(0);
            using var samples = data.Gather(sampler.Indices(step, 0));
            var result = replica.ComputeSlot(samples, loss, 1, sampler.SlotSeed(step, 0));
            losses.Add(result.LossSum / result.Samples);
            foreach (var (first, shard, statistics) in shards)
            {
                var offset = (nint)(first * sizeof(float));
                shard.Step(weights[step % 2].Address + offset, weights[1 - step % 2].Address + offset, gradient.Address + offset);
                statistics.Step(weights[step % 2].Address + offset, weights[1 - step % 2].Address + offset, gradient.Address + offset);
            }
        }
        Assert.Equal(plain.WeightsSha256, WeightsSha256.Of(layout, weights[steps % 2].Address));
        Assert.Equal(plain.Losses, losses, (a, b) => Math.Abs(a - b) < 1e-9);
        foreach (var (_, shard, _) in shards) shard.Dispose();
        replica.Dispose();
        foreach (var memory in weights) memory.Dispose();
    }

    [Fact]
    public void Training_twice_gives_the_same_bits_and_learns()
    {
        using var data = new Points(Examples.Mlp, 64);
        PlainResult Run() => PlainTraining.Run(Examples.Mlp, data, null, new CrossEntropy(), new OptimizerSpec("adam", 0.01), 16, 200, 3);
        var (first, second) = (Run(), Run());
        Assert.Equal(first.WeightsSha256, second.WeightsSha256);
        Assert.Equal(first.Losses, second.Losses);
        Assert.True(first.Losses.TakeLast(8).Average() < first.Losses.Take(8).Average() / 2);
        Assert.Null(first.Evaluation);
    }

    /// <summary>Random points with random classes.</summary>
    private sealed class Points(ModelSpec model, int count) : IDataSet
    {
        private readonly Batch all = Examples.Batch(model, count, 1);

        public int Count => count;

        public IReadOnlyList<long> InputShape => model.Input;

        public int Classes => 5;

        public Batch Gather(ReadOnlySpan<int> indices)
        {
            using var index = torch.tensor(indices.ToArray(), torch.int64);
            return new Batch(all.Inputs.index_select(0, index), all.Targets.index_select(0, index), indices.Length);
        }

        public void Dispose() => all.Dispose();
    }
}
