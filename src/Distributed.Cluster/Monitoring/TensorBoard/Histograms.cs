using Tensorboard;

namespace Distributed.Cluster.Monitoring.TensorBoard;

/// <summary>How values are spread, in TensorBoard's form: a pure function.</summary>
internal static class Histograms
{
    /// <summary>Buckets of equal width between the least and the greatest value.</summary>
    private const int Buckets = 64;

    /// <summary>The histogram of the finite values; empty where there is none.</summary>
    public static HistogramProto Of(ReadOnlySpan<float> values)
    {
        var (least, most, sum, squares, count) = (double.PositiveInfinity, double.NegativeInfinity, 0.0, 0.0, 0L);
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
                continue;
            least = Math.Min(least, value);
            most = Math.Max(most, value);
            sum += value;
            squares += (double)value * value;
            count++;
        }

        if (count == 0)
            return new HistogramProto();
        var histogram = new HistogramProto { Min = least, Max = most, Num = count, Sum = sum, SumSquares = squares };
        // Equal values, the zeros of a fresh bias say, are one bucket around them.
        var width = most > least ? (most - least) / Buckets : Math.Max(1e-12, Math.Abs(most) * 1e-6);
        var counts = new double[most > least ? Buckets : 1];
        foreach (var value in values)
            if (float.IsFinite(value))
                counts[Math.Min(counts.Length - 1, (int)((value - least) / width))]++;
        for (var i = 0; i < counts.Length; i++)
        {
            histogram.BucketLimit.Add(i == counts.Length - 1 && most > least ? most : least + ((i + 1) * width));
            histogram.Bucket.Add(counts[i]);
        }

        return histogram;
    }
}
