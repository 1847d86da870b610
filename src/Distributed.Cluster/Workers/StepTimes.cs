namespace Distributed.Cluster.Workers;

/// <summary>The newest step times, from which deadlines follow. Not thread-safe.</summary>
internal sealed class StepTimes(TimeSpan floor, double factor)
{
    private readonly double[] recent = new double[64];
    private int count;

    public void Add(TimeSpan step) => recent[count++ % recent.Length] = step.TotalSeconds;

    /// <summary>
    /// How long to wait for a step: a multiple of what a slow one among the newest takes (their median and, on top, their median deviation
    /// from it, which a single outlier moves neither of), and never less than the floor.
    /// </summary>
    public TimeSpan Deadline
    {
        get
        {
            if (count == 0)
                return floor;
            var known = recent[..Math.Min(count, recent.Length)];
            var median = MedianOf(known);
            var spread = MedianOf([.. known.Select(seconds => Math.Abs(seconds - median))]);
            return TimeSpan.FromSeconds(Math.Max(floor.TotalSeconds, factor * (median + spread)));
        }
    }

    private static double MedianOf(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
