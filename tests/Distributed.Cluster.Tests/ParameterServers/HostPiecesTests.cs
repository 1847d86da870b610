using System.Runtime.InteropServices;
using Distributed.Cluster.ParameterServers;
using Distributed.Learning;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.ParameterServers;

public class HostPiecesTests
{
    [Property(MaxTest = 200)]
    public void However_slots_lie_on_hosts_and_workers_sums_on_hosts_give_the_bits_of_the_tree(int seed)
    {
        var random = new Random(seed);
        var slots = random.Next(1, 14);
        const int length = 37;
        // Each slot has a worker, each worker a host; any order of arrival.
        var workers = random.Next(1, slots + 1);
        var hostOf = Enumerable.Range(0, workers).Select(_ => random.Next(3)).ToArray();
        var workerOf = Enumerable.Range(0, slots).Select(_ => random.Next(workers)).ToArray();
        var arrived = new Dictionary<SlotRange, float[]>();
        foreach (var host in hostOf.Distinct())
        {
            var rules = new HostPieces(slots, [.. Enumerable.Range(0, slots).Where(slot => hostOf[workerOf[slot]] == host)]);
            var parts = Enumerable.Range(0, workers).Where(worker => hostOf[worker] == host)
                .SelectMany(worker => SlotTree.Pieces(slots, slot => workerOf[slot] == worker)).ToArray();
            random.Shuffle(parts);
            foreach (var part in parts)
                if (rules.Offer(7, part) is { } whole)
                    arrived.Add(whole.Piece, Sum(slots, whole.Piece, whole.Parts, part => Gradients.Piece(part, seed, 0, length)));
        }

        var pieces = arrived.Keys.OrderBy(piece => piece.First).ToArray();
        Assert.Equal(
            Gradients.Piece(SlotTree.Root(slots), seed, 0, length).Select(BitConverter.SingleToInt32Bits),
            Sum(slots, SlotTree.Root(slots), pieces, piece => arrived[piece]).Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public void Two_workers_of_a_host_make_one_piece_where_their_slots_are_a_node()
    {
        var rules = new HostPieces(4, [2, 3]);
        Assert.Null(rules.Offer(0, new SlotRange(3, 1)));
        Assert.Equal(new SlotRange(2, 2), rules.Offer(0, new SlotRange(2, 1))!.Value.Piece);
    }

    [Fact]
    public void A_part_counts_once_and_what_came_before_not_at_all()
    {
        var rules = new HostPieces(4, [0, 1]);
        Assert.Null(rules.Offer(5, new SlotRange(0, 1)));
        Assert.Null(rules.Offer(5, new SlotRange(0, 1)));
        Assert.Null(rules.Offer(4, new SlotRange(1, 1)));
        Assert.NotNull(rules.Offer(5, new SlotRange(1, 1)));
        Assert.Null(rules.Offer(5, new SlotRange(1, 1)));
        // The next version begins with nothing.
        Assert.Null(rules.Offer(6, new SlotRange(1, 1)));
        Assert.NotNull(rules.Offer(6, new SlotRange(0, 1)));
    }

    [Fact]
    public void Slots_of_another_host_are_refused()
    {
        var rules = new HostPieces(4, [0, 1]);
        Assert.Throws<ArgumentException>(() => rules.Offer(0, new SlotRange(2, 1)));
        Assert.Throws<ArgumentException>(() => rules.Offer(0, new SlotRange(1, 2)));
    }

    [Fact]
    public unsafe void Rounded_sums_are_written_as_gradients_lie_in_memory()
    {
        // 64 trained in bfloat16, then 8 running statistics in float32.
        var format = new FlatFormat(Precision.Bfloat16, 64);
        var (left, right) = (Filled(1), Filled(2));
        var into = new byte[format.BytesTo(72)];
        var tree = new TreeSum(4, new SlotRange(2, 2), [new(2, 1), new(3, 1)], format);
        fixed (byte* one = left, other = right, sum = into)
        {
            tree.Write([(nint)one, (nint)other], 72, (nint)sum);
            var expected = new float[64];
            fixed (float* widened = expected)
                Bfloat16.Add((ushort*)one, (ushort*)other, widened, 64);
            for (var i = 0; i < 64; i++)
                Assert.Equal(BitConverter.SingleToUInt32Bits(expected[i]), (uint)((ushort*)sum)[i] << 16);
        }

        var (a, b, c) = (Statistics(left), Statistics(right), Statistics(into));
        Assert.Equal(a.Zip(b, (x, y) => x + y), c);

        byte[] Filled(int seed)
        {
            var bytes = new byte[format.BytesTo(72)];
            var random = new Random(seed);
            var numbers = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan(0, 128));
            for (var i = 0; i < 64; i++)
                numbers[i] = (ushort)(BitConverter.SingleToUInt32Bits((float)random.NextDouble() - 0.5f) >> 16);
            var statistics = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(128));
            for (var i = 0; i < 8; i++)
                statistics[i] = (float)random.NextDouble();
            return bytes;
        }

        static float[] Statistics(byte[] bytes) => MemoryMarshal.Cast<byte, float>(bytes.AsSpan(128)).ToArray();
    }

    private static unsafe float[] Sum(int slots, SlotRange piece, SlotRange[] parts, Func<SlotRange, float[]> gradient)
    {
        var inputs = parts.Select(gradient).ToArray();
        if (parts.Length == 1)
            return inputs[0];
        var sum = GC.AllocateArray<float>(inputs[0].Length, pinned: true);
        var tree = new TreeSum(slots, piece, parts, default);
        tree.Write([.. inputs.Select(input => (nint)Gradients.Address(input))], sum.Length, (nint)Gradients.Address(sum));
        return sum;
    }
}
