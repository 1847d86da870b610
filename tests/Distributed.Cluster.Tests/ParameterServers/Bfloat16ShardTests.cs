using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;
using Verdict = Distributed.Cluster.ParameterServers.Verdict;

namespace Distributed.Cluster.Tests.ParameterServers;

/// <summary>A shard whose gradients and published weights are bfloat16, against sums and updates written out.</summary>
public sealed unsafe class Bfloat16ShardTests
{
    private const int Trained = 70_000;
    private const int Statistics = 48;
    private const int Floats = Trained + Statistics;
    private const float Rate = 0.1f;
    private const float Momentum = 0.9f;

    private static readonly FlatFormat Format = new(Precision.Bfloat16, Trained);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(7)]
    public void Every_node_of_the_tree_is_rounded_whoever_adds_it(int slots)
    {
        // Beyond a block of the sum.
        const int trained = 8192 + 16;
        foreach (var pieces in Gradients.Partitions(SlotTree.Root(slots)))
        {
            var sum = new TreeSum(slots, pieces, new FlatFormat(Precision.Bfloat16, trained));
            using var buffers = sum.Rent();
            PrivateMemory[] memory = [.. pieces.Select(piece => Piece(piece, 0, trained))];
            nint[] addresses = [.. memory.Select(held => (nint)held.Pointer)];
            // Parts of a shard as an optimizer asks for them, cut anywhere; then what is no parameter.
            Check(0, 4_003);
            Check(4_003, trained - 4_003);
            Check(0, trained);
            Check(trained, Statistics);
            foreach (var held in memory) held.Dispose();

            void Check(int start, int count)
            {
                var sums = (float*)sum.Run(addresses, start, count, buffers);
                for (var i = 0; i < count; i += 7)
                    Assert.Equal(Sum(SlotTree.Root(slots), 0, start + i, trained), sums[i]);
                if (count > ShardOptimizer.AddedFloats || sum.RoundedAddends(addresses, start, count, buffers) is not var (one, other))
                {
                    // One piece, or more than is asked for at a time, or what is no parameter.
                    Assert.True(pieces.Length == 1 || count > ShardOptimizer.AddedFloats || start == trained);
                    return;
                }
                for (var i = 0; i < count; i += 7)
                    Assert.Equal(Sum(SlotTree.Root(slots), 0, start + i, trained), Round(Wide(((ushort*)one)[i]) + Wide(((ushort*)other)[i])));
            }
        }
    }

    [Fact]
    public void The_master_weights_are_updated_in_float32_and_published_rounded()
    {
        const int slots = 3, steps = 4;
        using var even = new PrivateMemory(Format.BytesTo(Floats));
        using var odd = new PrivateMemory(Format.BytesTo(Floats));
        var weights = new ShardWeights(Format, Floats, even.Pointer, odd.Pointer);
        for (var i = 0; i < Floats; i++) weights.Master(0)[i] = MathF.Sin(i);
        weights.Publish(0);
        CheckPublished(0);
        using var shard = new Shard(
            new ShardRange(0, 0, 0, Floats), 0, slots, 0, 1, new ShardOptimizer(new OptimizerSpec("sgd", Rate) { Momentum = Momentum }, Trained),
            ShardStatistics.None, _ => Rate, null, weights, (_, _) => { }, failure => throw failure);
        SlotRange[] pieces = [new(0, 2), new(2, 1)];
        for (var version = 0L; version < steps; version++)
        {
            PrivateMemory[] memory = [.. pieces.Select(piece => Piece(piece, version, Trained))];
            var complete = false;
            foreach (var (piece, held) in pieces.Zip(memory))
                Assert.Equal(Verdict.Accepted, shard.Offer(1, version, piece, held.Pointer, out complete));
            Assert.True(complete);
            shard.Update();
            foreach (var held in memory) held.Dispose();
            CheckPublished(version + 1);
        }

        for (var i = 0; i < Trained; i += 11)
        {
            var (weight, speed) = (MathF.Sin(i), 0f);
            for (var version = 0L; version < steps; version++)
            {
                var gradient = Sum(SlotTree.Root(slots), version, i, Trained);
                speed = version == 0 ? gradient : (speed * Momentum) + gradient;
                weight = MathF.FusedMultiplyAdd(speed, -Rate, weight);
            }
            Assert.Equal(weight, weights.Master(steps)[i]);
        }

        void CheckPublished(long version)
        {
            for (var i = 0; i < Trained; i += 11)
                Assert.Equal(Round(weights.Master(version)[i]), Wide(((ushort*)weights.Published(version))[i]));
        }
    }

    [Fact]
    public void Running_statistics_stay_float32()
    {
        using var even = new PrivateMemory(Format.BytesTo(Floats));
        using var odd = new PrivateMemory(Format.BytesTo(Floats));
        using var weights = new ShardWeights(Format, Floats, even.Pointer, odd.Pointer);
        for (var i = 0; i < Floats; i++) weights.Master(1)[i] = 1 + (i / 1e5f);
        weights.Publish(1);
        for (var i = 0; i < Statistics; i++)
            Assert.Equal(weights.Master(1)[Trained + i], ((float*)(weights.Published(1) + (2 * Trained)))[i]);
    }

    [Fact]
    public void Shards_begin_at_memory_pages_and_follow_each_other()
    {
        var format = new FlatFormat(Precision.Bfloat16, 3_000_000);
        TrainingMessages.ShardDescription[] shards =
            [.. ShardPlan.Cut(3_000_000, 2, 4, 100).Select(shard => new TrainingMessages.ShardDescription(shard.Shard, shard.Server, shard.Offset, shard.Length))];
        foreach (var server in shards.GroupBy(shard => shard.Server))
        {
            var segment = new ServerSegment([.. server], format);
            var part = Assert.Single(segment.PartsOf(server));
            Assert.All(server, shard => Assert.Equal(0, format.BytesTo(shard.Offset) % 4096));
            Assert.Equal(format.BytesTo(server.First().Offset), part.Offset);
            Assert.All(server, shard => Assert.Equal(format.BytesTo(shard.Offset) - part.Offset, segment.PlaceOf(shard.Shard)));
        }
    }

    /// <summary>The piece as a worker makes it: each slot's gradient rounded, each sum rounded; statistics in float32.</summary>
    private static PrivateMemory Piece(SlotRange piece, long version, int trained)
    {
        var memory = new PrivateMemory((trained * sizeof(ushort)) + (Statistics * sizeof(float)));
        for (var i = 0; i < trained; i++) ((ushort*)memory.Pointer)[i] = (ushort)(BitConverter.SingleToUInt32Bits(Sum(piece, version, i, trained)) >> 16);
        for (var i = 0; i < Statistics; i++) ((float*)(memory.Pointer + (trained * sizeof(ushort))))[i] = Sum(piece, version, trained + i, trained);
        return memory;
    }

    private static float Sum(SlotRange piece, long version, int element, int trained)
    {
        if (piece.Count == 1) return Rounded(Gradients.Of(3, version, piece.First, element));
        var (left, right) = SlotTree.Split(piece);
        return Rounded(Sum(left, version, element, trained) + Sum(right, version, element, trained));

        float Rounded(float value) => element < trained ? Round(value) : value;
    }

    /// <summary>To the nearest of the two neighbours, to the even one from the middle; by comparison instead of by bits.</summary>
    private static float Round(float value)
    {
        var below = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000);
        var above = BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000) + 0x10000);
        var (down, up) = (Math.Abs((double)value - below), Math.Abs((double)above - value));
        return down < up || (down == up && (BitConverter.SingleToUInt32Bits(below) & 0x10000) == 0) ? below : above;
    }

    private static float Wide(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);
}
