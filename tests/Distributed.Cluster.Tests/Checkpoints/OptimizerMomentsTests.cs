using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.ParameterServers;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Tests.Checkpoints;

public sealed unsafe class OptimizerMomentsTests
{
    private static readonly OptimizerSpec Adam = new("adam", 0.01);
    private readonly ParameterLayout layout;

    public OptimizerMomentsTests()
    {
        // Ten thousand floats and, in a batch norm, running statistics behind them.
        using var module = Job.Parse("wide.hocon", """
            model { input = [1, 10, 10], layers = [ { type = conv2d, out = 10, kernel = 3, padding = 1 }, batch-norm, flatten, { type = linear, out = 10 } ] }
            data { format = random, classes = 10, train = 12, test = 5 }
            optimizer { type = adam, learning-rate = 0.01 }
            epochs = 1
            batch = 4
            """, new JobOverrides()).Model.Build(1);
        layout = ParameterLayout.Of(module);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 1)]
    [InlineData(2, 5)]
    [InlineData(4, 4)]
    public void Shards_that_lie_otherwise_go_on_bit_for_bit(int before, int after)
    {
        using var weights = new PrivateMemory(layout.Length * sizeof(float));
        using var gradient = new PrivateMemory(layout.Length * sizeof(float));
        for (var i = 0; i < layout.TrainableLength; i++)
            ((float*)gradient.Pointer)[i] = MathF.Sin(i) * (1 + i % 7);
        using var moments = new OptimizerMoments(layout);
        foreach (var shard in Cut(before))
        {
            using var optimizer = Optimizer(shard);
            Step(optimizer, shard, weights, gradient, 3);
            using var state = new MemoryStream();
            optimizer.SaveState(state);
            state.Position = 0;
            moments.Add(state, "state", shard.Offset, shard.Length);
        }

        using var expected = new PrivateMemory(layout.Length * sizeof(float));
        using var whole = Optimizer(Cut(1)[0]);
        Step(whole, Cut(1)[0], expected, gradient, 5);
        foreach (var shard in Cut(after))
        {
            using var optimizer = Optimizer(shard);
            using var state = new MemoryStream(moments.Cut(shard.Offset, shard.Length));
            optimizer.LoadState(state);
            Assert.Equal(3, optimizer.Steps);
            Step(optimizer, shard, weights, gradient, 2);
        }

        Assert.True(new Span<float>(expected.Pointer, (int)layout.TrainableLength).SequenceEqual(new Span<float>(weights.Pointer, (int)layout.TrainableLength)));
    }

    [Fact]
    public void A_state_that_is_missing_or_of_another_step_is_refused()
    {
        var shards = Cut(2);
        using var first = Optimizer(shards[0]);
        using var second = Optimizer(shards[1]);
        using var moments = new OptimizerMoments(layout);
        moments.Add(State(first), "first", shards[0].Offset, shards[0].Length);
        Assert.Contains("got that of", Assert.Throws<BadInputException>(() => moments.Cut(0, 16)).Message, StringComparison.Ordinal);
        Assert.StartsWith("first:", Assert.Throws<BadInputException>(() => moments.Add(State(first), "first", shards[0].Offset, shards[0].Length)).Message, StringComparison.Ordinal);
        using var memory = new PrivateMemory(layout.Length * sizeof(float));
        Step(second, shards[1], memory, memory, 1);
        Assert.StartsWith("second:", Assert.Throws<BadInputException>(() => moments.Add(State(second), "second", shards[1].Offset, shards[1].Length)).Message, StringComparison.Ordinal);
    }

    private ShardOptimizer Optimizer(ShardRange shard) => new(Adam, layout, shard.Offset, Math.Min(shard.End, layout.TrainableLength) - shard.Offset);

    private IReadOnlyList<ShardRange> Cut(int servers) => ShardPlan.Cut(layout.TrainableLength, servers, 1, layout.Length - layout.TrainableLength);

    private static void Step(ShardOptimizer optimizer, ShardRange shard, PrivateMemory weights, PrivateMemory gradient, int steps)
    {
        var at = (nint)(weights.Pointer + shard.Offset * sizeof(float));
        for (var i = 0; i < steps; i++)
            optimizer.Step(at, at, (nint)(gradient.Pointer + shard.Offset * sizeof(float)));
    }

    private static MemoryStream State(ShardOptimizer optimizer)
    {
        var stream = new MemoryStream();
        optimizer.SaveState(stream);
        stream.Position = 0;
        return stream;
    }
}
