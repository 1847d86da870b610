using System.Numerics;
using System.Runtime.CompilerServices;

namespace Distributed.Learning;

/// <summary>
/// Arithmetic on bfloat16, whose bits are the upper half of a float32's: sums are those of float32, rounded to the nearest, ties to even. These
/// are the bits of libtorch's kernels, subnormal numbers included (not-a-numbers stay such, with other bits).
/// </summary>
public static unsafe class Bfloat16
{
    private const uint Half = 0x7FFF;
    private const uint NotANumber = 0x7FC0;

    /// <summary>Rounds float32.</summary>
    /// <param name="from">Address of the first float32.</param>
    /// <param name="to">Address of the first bfloat16.</param>
    /// <param name="count">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(float* from, ushort* to, long count)
    {
        var i = 0L;
        for (; i + Vector<ushort>.Count <= count; i += Vector<ushort>.Count)
            Vector.Store(Narrow(Vector.Load(from + i), Vector.Load(from + i + Vector<float>.Count)), to + i);
        for (; i < count; i++) to[i] = Rounded(from[i]);
    }

    /// <summary>Makes float32 of them; nothing is rounded.</summary>
    /// <param name="from">Address of the first bfloat16.</param>
    /// <param name="to">Address of the first float32.</param>
    /// <param name="count">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(ushort* from, float* to, long count)
    {
        var i = 0L;
        for (; i + Vector<ushort>.Count <= count; i += Vector<ushort>.Count)
        {
            var (low, high) = Wide(from + i);
            Vector.Store(low, to + i);
            Vector.Store(high, to + i + Vector<float>.Count);
        }
        for (; i < count; i++) to[i] = Wide(from[i]);
    }

    /// <summary>Rounded sums.</summary>
    /// <param name="left">Address of the first left operand.</param>
    /// <param name="right">Address of the first right operand.</param>
    /// <param name="to">Address of the first sum; may be that of an operand.</param>
    /// <param name="count">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(ushort* left, ushort* right, ushort* to, long count)
    {
        var i = 0L;
        for (; i + Vector<ushort>.Count <= count; i += Vector<ushort>.Count)
        {
            var ((leftLow, leftHigh), (rightLow, rightHigh)) = (Wide(left + i), Wide(right + i));
            Vector.Store(Narrow(leftLow + rightLow, leftHigh + rightHigh), to + i);
        }
        for (; i < count; i++) to[i] = Rounded(Wide(left[i]) + Wide(right[i]));
    }

    /// <summary>Rounded sums as float32.</summary>
    /// <param name="left">Address of the first left operand.</param>
    /// <param name="right">Address of the first right operand.</param>
    /// <param name="to">Address of the first sum.</param>
    /// <param name="count">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(ushort* left, ushort* right, float* to, long count)
    {
        var i = 0L;
        for (; i + Vector<ushort>.Count <= count; i += Vector<ushort>.Count)
        {
            var (low, high) = Sum(left + i, right + i);
            Vector.Store(low, to + i);
            Vector.Store(high, to + i + Vector<float>.Count);
        }
        for (; i < count; i++) to[i] = Wide(Rounded(Wide(left[i]) + Wide(right[i])));
    }

    /// <summary>The rounded sums of a vector of bfloat16 and another, as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector<float> Low, Vector<float> High) Sum(ushort* left, ushort* right)
    {
        var ((leftLow, leftHigh), (rightLow, rightHigh)) = (Wide(left), Wide(right));
        return (Vector.AsVectorSingle(Rounded(leftLow + rightLow) << 16), Vector.AsVectorSingle(Rounded(leftHigh + rightHigh) << 16));
    }

    /// <summary>Two vectors of float32, rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<ushort> Narrow(Vector<float> low, Vector<float> high) => Vector.Narrow(Rounded(low), Rounded(high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector<float> Low, Vector<float> High) Wide(ushort* from)
    {
        Vector.Widen(Vector.Load(from), out var low, out var high);
        return (Vector.AsVectorSingle(low << 16), Vector.AsVectorSingle(high << 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Rounded(Vector<float> value)
    {
        var bits = Vector.AsVectorUInt32(value);
        var rounded = (bits + new Vector<uint>(Half) + ((bits >> 16) & Vector<uint>.One)) >> 16;
        return Vector.ConditionalSelect(Vector.AsVectorUInt32(Vector.Equals(value, value)), rounded, new Vector<uint>(NotANumber));
    }

    private static float Wide(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    private static ushort Rounded(float value)
    {
        if (float.IsNaN(value)) return (ushort)NotANumber;
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + Half + ((bits >> 16) & 1)) >> 16);
    }
}
