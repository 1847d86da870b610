using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Distributed.Learning;

/// <summary>
/// Sums of squares of the trainable parameters whose bits do not depend on where the flat vector is cut. Every parameter is divided at the multiples of
/// <see cref="Floats"/> of the flat vector, at which shards may be cut, too; each such part is summed in double in one fixed order, and parts
/// are added in the order of the flat vector. Padding counts nothing.
/// </summary>
public sealed class NormBlocks
{
    /// <summary>Floats between two possible cuts: a memory page.</summary>
    public const int Floats = 1024;

    private readonly IReadOnlyList<ParameterEntry> parameters;
    private readonly int[] firstPart;

    /// <summary>The parts of a layout.</summary>
    /// <param name="layout">The flat vector.</param>
    public NormBlocks(ParameterLayout layout)
    {
        parameters = layout.Parameters;
        firstPart = new int[parameters.Count + 1];
        for (var i = 0; i < parameters.Count; i++)
        {
            var entry = parameters[i];
            firstPart[i + 1] = firstPart[i] + (int)((entry.Offset + entry.Count - 1) / Floats - entry.Offset / Floats) + 1;
        }
    }

    /// <summary>How many parts the flat vector has.</summary>
    public int Count => firstPart[^1];

    /// <summary>The parts that lie in a range of the flat vector: the first one's number, and how many.</summary>
    /// <param name="offset">Where the range starts: a multiple of <see cref="Floats"/>.</param>
    /// <param name="length">Its floats: up to another such multiple or the end.</param>
    public (int First, int Count) Of(long offset, long length)
    {
        var first = Before(offset);
        return (first, Before(offset + length) - first);
    }

    /// <summary>The norm of everything, from the sums of all parts.</summary>
    /// <param name="sums">A sum of squares a part.</param>
    public static double Total(ReadOnlySpan<double> sums)
    {
        var total = 0.0;
        foreach (var sum in sums) total += sum;
        return Math.Sqrt(total);
    }

    /// <summary>The norm of one parameter, from the sums of all parts.</summary>
    /// <param name="sums">A sum of squares a part.</param>
    /// <param name="entry">The parameter's number.</param>
    public double OfEntry(ReadOnlySpan<double> sums, int entry) => Total(sums[firstPart[entry]..firstPart[entry + 1]]);

    /// <summary>Writes the sums of squares of the parts in a range of the flat vector.</summary>
    /// <param name="data">The float at <paramref name="offset"/>.</param>
    /// <param name="offset">Where the range starts: a multiple of <see cref="Floats"/>, or where a parameter starts.</param>
    /// <param name="length">Floats of the range: up to a multiple of <see cref="Floats"/>, or to where a parameter ends.</param>
    /// <param name="bound">Elements count at most this absolute value.</param>
    /// <param name="sums">A place for every part of the flat vector; those of the range are written.</param>
    internal unsafe void Sum(float* data, long offset, long length, double bound, Span<double> sums)
    {
        for (var i = EntryAt(offset); i < parameters.Count && parameters[i].Offset < offset + length; i++)
        {
            var entry = parameters[i];
            var end = Math.Min(offset + length, entry.Offset + entry.Count);
            for (var start = Math.Max(offset, entry.Offset); start < end;)
            {
                var stop = Math.Min(end, (start / Floats + 1) * Floats);
                sums[firstPart[i] + (int)(start / Floats - entry.Offset / Floats)] = SumOfSquares(data + (start - offset), (int)(stop - start), bound);
                start = stop;
            }
        }
    }

    // Eight lanes and their order of addition are the same on every processor, whatever it has for them.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe double SumOfSquares(float* data, int count, double bound)
    {
        var most = Vector512.Create(bound);
        var lanes = Vector512<double>.Zero;
        var i = 0;
        for (; i + 8 <= count; i += 8)
        {
            var (low, high) = Vector256.Widen(Vector256.Load(data + i));
            var wide = Vector512.Min(Vector512.Abs(Vector512.Create(low, high)), most);
            lanes += wide * wide;
        }
        var sum = 0.0;
        for (var lane = 0; lane < 8; lane++) sum += lanes.GetElement(lane);
        for (; i < count; i++)
        {
            var value = Math.Min(Math.Abs((double)data[i]), bound);
            sum += value * value;
        }
        return sum;
    }

    // Parts that begin before a cut.
    private int Before(long cut)
    {
        var i = EntryAt(cut);
        if (i == parameters.Count) return Count;
        var entry = parameters[i];
        return cut <= entry.Offset ? firstPart[i] : firstPart[i] + (int)(cut / Floats - entry.Offset / Floats);
    }

    // The first parameter that ends after a float.
    private int EntryAt(long at)
    {
        var (low, high) = (0, parameters.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (parameters[middle].Offset + parameters[middle].Count > at) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
