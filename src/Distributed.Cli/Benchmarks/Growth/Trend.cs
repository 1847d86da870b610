namespace Distributed.Cli.Benchmarks.Growth;

/// <summary>How something that is looked at again and again changes with time: a straight line that single odd values do not move.</summary>
/// <param name="Level">The median of all values.</param>
/// <param name="Slope">The median of the slopes between all pairs of moments (Theil and Sen), a second.</param>
/// <param name="Growth">What the slope makes over the time that was looked at.</param>
internal sealed record Trend(double Level, double Slope, double Growth)
{
    // So many moments make ten thousands of pairs; of more, evenly spread ones are taken.
    private const int MostMoments = 300;

    /// <summary>Of at least two moments in order.</summary>
    /// <exception cref="ArgumentException">There are fewer.</exception>
    public static Trend Of(IReadOnlyList<(double Seconds, double Value)> moments)
    {
        if (moments.Count < 2) throw new ArgumentException("a trend needs two moments", nameof(moments));
        var taken = moments.Count <= MostMoments
            ? moments
            : [.. Enumerable.Range(0, MostMoments).Select(i => moments[(int)((long)i * (moments.Count - 1) / (MostMoments - 1))])];
        var slopes = new List<double>(taken.Count * (taken.Count - 1) / 2);
        for (var i = 0; i < taken.Count; i++)
            for (var j = i + 1; j < taken.Count; j++)
                if (taken[j].Seconds > taken[i].Seconds)
                    slopes.Add((taken[j].Value - taken[i].Value) / (taken[j].Seconds - taken[i].Seconds));
        var slope = Spread.MedianOf(slopes);
        return new Trend(Spread.MedianOf(moments.Select(moment => moment.Value)), slope, slope * (moments[^1].Seconds - moments[0].Seconds));
    }
}
