using Distributed.Cluster.Monitoring.TensorBoard;

namespace Distributed.Cluster.Tests.Monitoring.TensorBoard;

public sealed class HistogramsTests
{
    private const int Buckets = 64;

    /// <summary>Lengths around those of vectors and blocks; with and without values that are no numbers.</summary>
    [Theory]
    [InlineData(2, false)]
    [InlineData(5, false)]
    [InlineData(4095, false)]
    [InlineData(4097, true)]
    [InlineData(40_000, false)]
    [InlineData(40_000, true)]
    public void It_is_what_one_value_after_another_gives(int length, bool withOthers)
    {
        var random = new Random(length);
        float[] values = [.. Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() * 3) - 1 + random.NextDouble()))];
        if (withOthers)
            foreach (var (at, other) in new[] { (0, float.NaN), (17, float.PositiveInfinity), (length - 1, float.NegativeInfinity) })
                values[at] = other;
        double[] finite = [.. values.Where(float.IsFinite).Select(value => (double)value)];
        var (least, most) = (finite.Min(), finite.Max());
        var counts = new double[Buckets];
        foreach (var value in finite)
            counts[Math.Min(Buckets - 1, (int)((value - least) * (Buckets / (most - least))))]++;

        var histogram = Histograms.Of(values);
        Assert.Equal((least, most, finite.Length), (histogram.Min, histogram.Max, histogram.Num));
        Assert.Equal(finite.Sum(), histogram.Sum, 1e-5 * finite.Sum(Math.Abs));
        Assert.Equal(finite.Sum(value => value * value), histogram.SumSquares, 1e-5 * histogram.SumSquares);
        Assert.Equal(counts, histogram.Bucket);
        Assert.Equal(most, histogram.BucketLimit[^1]);
        Assert.Equal(Buckets, histogram.BucketLimit.Distinct().Count());
    }

    [Fact]
    public void Equal_values_are_one_bucket()
    {
        var histogram = Histograms.Of([0.5f, 0.5f, float.NaN, 0.5f]);
        Assert.Equal((0.5, 0.5, 3), (histogram.Min, histogram.Max, histogram.Num));
        Assert.Equal([3.0], histogram.Bucket);
        Assert.True(Assert.Single(histogram.BucketLimit) > 0.5);
    }

    [Fact]
    public void Great_values_are_counted_whose_squares_overflow()
    {
        var histogram = Histograms.Of([float.MaxValue, -float.MaxValue, 1]);
        Assert.Equal((-float.MaxValue, float.MaxValue, 3), (histogram.Min, histogram.Max, histogram.Num));
        Assert.Equal([1.0, 1.0, 1.0], histogram.Bucket.Where(count => count > 0));
    }

    [Theory]
    [InlineData()]
    [InlineData(float.NaN, float.PositiveInfinity)]
    public void Without_a_finite_value_it_is_empty(params float[] values) => Assert.Empty(Histograms.Of(values).Bucket);
}
