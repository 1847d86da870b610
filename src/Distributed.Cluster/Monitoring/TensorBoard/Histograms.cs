using System.Numerics.Tensors;
using Tensorboard;

namespace Distributed.Cluster.Monitoring.TensorBoard;

/// <summary>How values are spread, in TensorBoard's form: a pure function. Two passes over the values, each in blocks that stay in the cache.</summary>
internal static class Histograms
{
    /// <summary>Buckets of equal width between the least and the greatest value.</summary>
    private const int Buckets = 64;

    // A single-precision sum of so many is good to six digits.
    private const int BlockFloats = 4096;

    // Neighbours often fall into one bucket: in counts of their own none waits for the one before.
    private const int Ways = 4;

    /// <summary>The histogram of the finite values; empty where there is none.</summary>
    public static HistogramProto Of(ReadOnlySpan<float> values)
    {
        var (least, most, sum, squares, count) = (double.PositiveInfinity, double.NegativeInfinity, 0.0, 0.0, 0L);
        for (var rest = values; !rest.IsEmpty; rest = rest[Math.Min(BlockFloats, rest.Length)..])
        {
            var block = rest[..Math.Min(BlockFloats, rest.Length)];
            var blockSquares = TensorPrimitives.SumOfSquares(block);
            if (float.IsFinite(blockSquares))
            {
                least = Math.Min(least, TensorPrimitives.Min(block));
                most = Math.Max(most, TensorPrimitives.Max(block));
                sum += TensorPrimitives.Sum(block);
                squares += blockSquares;
                count += block.Length;
                continue;
            }

            foreach (var value in block)
            {
                if (!float.IsFinite(value))
                    continue;
                least = Math.Min(least, value);
                most = Math.Max(most, value);
                sum += value;
                squares += (double)value * value;
                count++;
            }
        }

        if (count == 0)
            return new HistogramProto();
        var histogram = new HistogramProto { Min = least, Max = most, Num = count, Sum = sum, SumSquares = squares };
        if (most > least)
        {
            var counts = Count(values, least, Buckets / (most - least));
            for (var i = 0; i < Buckets; i++)
            {
                histogram.BucketLimit.Add(i == Buckets - 1 ? most : least + ((i + 1) * (most - least) / Buckets));
                histogram.Bucket.Add(counts[i]);
            }
        }
        else
        {
            // Equal values, the zeros of a fresh bias say, are one bucket around them.
            histogram.BucketLimit.Add(least + Math.Max(1e-12, Math.Abs(most) * 1e-6));
            histogram.Bucket.Add(count);
        }

        return histogram;
    }

    private static long[] Count(ReadOnlySpan<float> values, double least, double bucketsPerUnit)
    {
        Span<long> ways = stackalloc long[Ways * Buckets];
        ways.Clear();
        for (var i = 0; i < values.Length; i++)
            if (float.IsFinite(values[i]))
                ways[((i % Ways) * Buckets) + Math.Min(Buckets - 1, (int)((values[i] - least) * bucketsPerUnit))]++;
        var counts = new long[Buckets];
        for (var i = 0; i < ways.Length; i++)
            counts[i % Buckets] += ways[i];
        return counts;
    }
}
