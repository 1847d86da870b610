namespace Distributed.Cluster.Coordination;

/// <summary>
/// Values of any number in bounded memory, for their quantiles: when they become too many, every second one is dropped, and of those that follow, too.
/// </summary>
/// <param name="most">How many are kept at most.</param>
internal sealed class ThinnedValues(int most = 1 << 14)
{
    private readonly List<float> values = [];
    private long seen;
    private long every = 1;

    /// <summary>Takes the next one.</summary>
    public void Add(double value)
    {
        if (seen++ % every != 0)
            return;
        values.Add((float)value);
        if (values.Count < most)
            return;
        for (var i = 1; 2 * i < values.Count; i++)
            values[i] = values[2 * i];
        values.RemoveRange((values.Count + 1) / 2, values.Count / 2);
        every *= 2;
    }

    /// <summary>The value below which a share of them lies, without the first <paramref name="skipped"/> where there are more than twice as many; 0 of none.</summary>
    public double Quantile(double share, int skipped)
    {
        var counted = values.Count > 2 * skipped ? values.GetRange(skipped, values.Count - skipped) : [.. values];
        if (counted.Count == 0)
            return 0;
        counted.Sort();
        return Math.Round(counted[Math.Min(counted.Count - 1, (int)(share * counted.Count))], 4);
    }
}
