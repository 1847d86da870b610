namespace Distributed.Learning.Tests;

// Gradients that come as two addends, in either precision, and what is written past the caches.
public partial class ShardOptimizerTests
{
    [Theory, MemberData(nameof(Rules))]
    public void Two_addends_give_the_bits_of_their_sum(string rule)
    {
        const int length = 203;
        var start = Examples.Random(length, 3);
        using var a = new FloatMemory(start);
        using var b = new FloatMemory(length);
        using var c = new FloatMemory(start);
        using var d = new FloatMemory(length);
        using var sum = new FloatMemory(length);
        using var half = new FloatMemory(length);
        using var other = new FloatMemory(length);
        var halves = new Halves(sum.Address, half.Address, other.Address);
        using var one = new ShardOptimizer(Spec(rule), length, 48);
        using var two = new ShardOptimizer(Spec(rule), length, 48);
        foreach (var (step, gradient) in Gradients(length).Index())
        {
            gradient.CopyTo(sum.Span);
            // The sum of halves is exact, and −0 where both are.
            for (var i = 0; i < length; i++) half.Span[i] = other.Span[i] = gradient[i] / 2;
            one.Step((step % 2 == 0 ? a : b).Address, (step % 2 == 0 ? b : a).Address, sum.Address);
            two.Step((step % 2 == 0 ? c : d).Address, (step % 2 == 0 ? d : c).Address, halves);
            Assert.Equal(Bits((step % 2 == 0 ? b : a).Span), Bits((step % 2 == 0 ? d : c).Span));
            Assert.Equal(Saved(one), Saved(two));
        }

        Assert.Equal(OptimizerKinds.IsFused(Spec(rule).Type), halves.Asked > 0);

        static byte[] Saved(ShardOptimizer optimizer)
        {
            using var state = new MemoryStream();
            optimizer.SaveState(state);
            return state.ToArray();
        }
    }

    [Theory]
    [InlineData("momentum-decay", false)]
    [InlineData("momentum", false)]
    [InlineData("momentum", true)]
    public void A_shard_whose_weights_are_written_past_the_caches_has_the_bits_of_its_parts(string rule, bool momentsToo)
    {
        const int length = (1 << 21) + 203;
        using var start = new FloatMemory(Examples.Random(length, 5));
        using var gradient = new FloatMemory(Examples.Random(length, 6));
        using var addend = new FloatMemory(Examples.Random(length, 7));
        using var between = new FloatMemory(length);
        var room = ShardOptimizer.MomentRoom(Spec(rule), length)!.Value / sizeof(float);
        using var even = new FloatMemory(room);
        using var odd = new FloatMemory(room);
        using var whole = new FloatMemory(length);
        using var parts = new FloatMemory(length);
        Step(whole, 0, length);
        foreach (var (from, to) in ((int, int)[])[(0, 1 << 20), (1 << 20, 3 << 19), (3 << 19, length)]) Step(parts, from, to - from);
        Assert.True(Bits(whole.Span).AsSpan().SequenceEqual(Bits(parts.Span)));

        void Step(FloatMemory into, int first, int floats)
        {
            var bytes = (nint)first * sizeof(float);
            using var optimizer = new ShardOptimizer(Spec(rule), floats);
            even.Span.Clear();
            if (momentsToo) optimizer.KeepMomentsIn(new MomentBuffers(even.Address, odd.Address));
            var halves = new Halves(0, gradient.Address + bytes, addend.Address + bytes);
            // The first update is a case of its own.
            optimizer.Step(start.Address + bytes, between.Address + bytes, halves);
            optimizer.Step(between.Address + bytes, into.Address + bytes, halves);
        }
    }

    [Theory, MemberData(nameof(Rules))]
    public void Addends_in_bfloat16_give_the_bits_of_their_sum_and_of_weights_rounded_after(string rule)
    {
        // Whole vectors, and some floats that are none.
        CheckRounded(rule, 208, momentsToo: false);
        CheckRounded(rule, 203, momentsToo: false);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Addends_in_bfloat16_give_these_bits_where_rounded_weights_are_written_past_the_caches(bool momentsToo) =>
        CheckRounded("momentum", (1 << 21) + 208, momentsToo);

    private static unsafe void CheckRounded(string rule, int length, bool momentsToo)
    {
        using var half = new FloatMemory(length);
        using var other = new FloatMemory(length);
        using var sum = new FloatMemory(length);
        using var weights = new FloatMemory(Examples.Random(length, 3));
        using var same = new FloatMemory(weights.Span);
        using var rounded = new FloatMemory(length);
        using var after = new FloatMemory(length);
        using var even = new FloatMemory(2L * length + 64);
        using var odd = new FloatMemory(2L * length + 64);
        var halves = new RoundedHalves(sum.Address, half.Address, other.Address);
        using var one = new ShardOptimizer(Spec(rule), length);
        using var two = new ShardOptimizer(Spec(rule), length);
        if (momentsToo) two.KeepMomentsIn(new MomentBuffers(even.Address, odd.Address));
        for (var step = 0; step < 3; step++)
        {
            foreach (var (memory, seed) in ((FloatMemory, int)[])[(half, 4), (other, 14)])
            {
                var gradient = Examples.Random(length, seed + step);
                fixed (float* from = gradient) Bfloat16.Round(from, (ushort*)memory.Address, length);
            }
            Bfloat16.Add((ushort*)half.Address, (ushort*)other.Address, (float*)sum.Address, length);
            one.Step(weights.Address, weights.Address, sum.Address);
            two.Step(same.Address, same.Address, halves, rounded: rounded.Address);
            Assert.True(weights.Bytes.SequenceEqual(same.Bytes));
            Bfloat16.Round((float*)weights.Address, (ushort*)after.Address, length);
            Assert.True(after.Bytes[..(length * sizeof(ushort))].SequenceEqual(rounded.Bytes[..(length * sizeof(ushort))]));
        }

        // The first update of a momentum is a case of its own.
        Assert.Equal(rule == "momentum" && length % 16 == 0 ? 2 : 0, halves.Updates);
    }

    private sealed class Halves(IntPtr sum, IntPtr first, IntPtr second) : IShardGradient
    {
        public int Asked { get; private set; }

        public IntPtr Sum(long start, long floats) => At(sum, start);

        public (IntPtr First, IntPtr Second) Addends(long start, long floats)
        {
            Asked++;
            return (At(first, start), At(second, start));
        }

        private static IntPtr At(IntPtr address, long start) => address + (nint)(start * sizeof(float));
    }

    private sealed class RoundedHalves(IntPtr sum, IntPtr first, IntPtr second) : IShardGradient
    {
        public int Updates { get; private set; }

        public IntPtr Sum(long start, long floats) => sum + (nint)(start * sizeof(float));

        public (IntPtr First, IntPtr Second)? RoundedAddends(long start, long floats)
        {
            if (start == 0) Updates++;
            return (first + (nint)(start * sizeof(ushort)), second + (nint)(start * sizeof(ushort)));
        }
    }
}
