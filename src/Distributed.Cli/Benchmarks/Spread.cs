namespace Distributed.Cli.Benchmarks;

/// <summary>What repeated measurements of one thing say: machines drift and are interrupted, so one number never tells.</summary>
/// <param name="Median">Half of them are below.</param>
/// <param name="P10">A tenth of them is below.</param>
/// <param name="P90">A tenth of them is above.</param>
/// <param name="Min">The least.</param>
internal sealed record Spread(double Median, double P10, double P90, double Min)
{
    /// <summary>The spread of at least one value, in any order.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0) throw new ArgumentException("no values were measured", nameof(values));
        return new Spread(At(sorted, 0.5), At(sorted, 0.1), At(sorted, 0.9), sorted[0]);
    }

    /// <summary>The median of some values.</summary>
    public static double MedianOf(IEnumerable<double> values) => Of(values).Median;

    // Between two values the quantile is interpolated, so that the median of an even count is the mean of the two in the middle.
    private static double At(double[] sorted, double quantile)
    {
        var place = quantile * (sorted.Length - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }
}
