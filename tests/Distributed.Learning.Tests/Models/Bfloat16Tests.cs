using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

/// <summary>bfloat16 in our own kernels is bfloat16 in libtorch's: else a sum would depend on who adds.</summary>
public unsafe class Bfloat16Tests
{
    /// <summary>Below, at and beyond the vector width.</summary>
    public static TheoryData<int> Lengths => [1, 15, 16, 31, 32, 100_003];

    [Theory, MemberData(nameof(Lengths))]
    public void Rounding_is_torchs_for_any_bits(int length)
    {
        var values = MemoryMarshal.Cast<byte, float>(Bytes(length * sizeof(float), 1)).ToArray();
        var rounded = new ushort[length];
        fixed (float* from = values)
        fixed (ushort* to = rounded)
            Bfloat16.Round(from, to, length);
        using var torchs = tensor(values).to(ScalarType.BFloat16);
        AssertSame(Bits(torchs), rounded);
    }

    [Theory]
    [InlineData(0x3F808000u, 0x3F80)] // halfway: to even, down
    [InlineData(0x3F818000u, 0x3F82)] // halfway: to even, up
    [InlineData(0x3F808001u, 0x3F81)]
    [InlineData(0x3F807FFFu, 0x3F80)]
    [InlineData(0x7F7FFFFFu, 0x7F80)] // the largest float32 is nearer to infinity
    [InlineData(0xFF800000u, 0xFF80)]
    [InlineData(0x80000000u, 0x8000)] // −0
    [InlineData(0x00010000u, 0x0001)] // subnormal
    [InlineData(0x00018000u, 0x0002)]
    public void Rounding_goes_to_the_nearest_and_from_the_middle_to_even(uint bits, int expected)
    {
        float[] values = [.. Enumerable.Repeat(BitConverter.UInt32BitsToSingle(bits), 33)];
        var rounded = new ushort[values.Length];
        fixed (float* from = values)
        fixed (ushort* to = rounded)
            Bfloat16.Round(from, to, values.Length);
        Assert.All(rounded, value => Assert.Equal(expected, value));
    }

    [Theory, MemberData(nameof(Lengths))]
    public void Sums_are_torchs_for_any_bits(int length)
    {
        ushort[] left = Random(length, 2), right = Random(length, 3), sums = new ushort[length];
        var wide = new float[length];
        fixed (ushort* l = left, r = right, s = sums)
        fixed (float* w = wide)
        {
            Bfloat16.Add(l, r, s, length);
            Bfloat16.Add(l, r, w, length);
        }

        using var scope = NewDisposeScope();
        var torchs = Bits(Tensor(left).add_(Tensor(right)));
        AssertSame(torchs, sums);
        AssertSame(torchs, [.. wide.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))]);
        Assert.All(wide, value => Assert.Equal(0u, BitConverter.SingleToUInt32Bits(value) & 0xFFFF));
    }

    [Theory, MemberData(nameof(Lengths))]
    public void What_backward_adds_to_a_gradient_is_such_a_sum(int length)
    {
        ushort[] before = Random(length, 4), gradient = Random(length, 5), sums = new ushort[length];
        fixed (ushort* l = before, r = gradient, s = sums)
            Bfloat16.Add(l, r, s, length);
        using var scope = NewDisposeScope();
        var leaf = Tensor(before).requires_grad_();
        leaf.grad = Tensor(before);
        (leaf * 1).backward([Tensor(gradient)]);
        AssertSame(Bits(leaf.grad!), sums);
    }

    [Theory, MemberData(nameof(Lengths))]
    public void Widening_adds_zeros(int length)
    {
        var values = Random(length, 6);
        var wide = new float[length];
        fixed (ushort* from = values)
        fixed (float* to = wide)
            Bfloat16.Widen(from, to, length);
        Assert.Equal(values.Select(value => (uint)value << 16), wide.Select(BitConverter.SingleToUInt32Bits));
    }

    private static byte[] Bytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static ushort[] Random(int length, int seed) => MemoryMarshal.Cast<byte, ushort>(Bytes(length * sizeof(ushort), seed)).ToArray();

    private static Tensor Tensor(ushort[] values)
    {
        var made = zeros(values.Length, ScalarType.BFloat16);
        MemoryMarshal.AsBytes<ushort>(values).CopyTo(made.bytes);
        return made;
    }

    private static ushort[] Bits(Tensor tensor) => MemoryMarshal.Cast<byte, ushort>(tensor.bytes).ToArray();

    // The bits of a not-a-number are nobody's business.
    private static void AssertSame(ushort[] expected, ushort[] actual) => Assert.Equal(expected.Select(Canonical), actual.Select(Canonical));

    private static int Canonical(ushort value) => (value & 0x7FFF) > 0x7F80 ? 0x7FC0 : value;
}
