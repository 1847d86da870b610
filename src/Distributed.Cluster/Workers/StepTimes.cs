namespace Distributed.Cluster.Workers;

/// <summary>The newest step times, from which deadlines follow. Not thread-safe.</summary>
internal sealed class StepTimes(TimeSpan floor, double factor)
{
    private readonly double[] recent = new double[64];
    private int count;

    public void Add(TimeSpan step) => recent[count++ % recent.Length] = step.TotalSeconds;

    /// <summary>How long to wait for a step: a multiple of the median of the newest steps, and never less than the floor.</summary>
    public TimeSpan Deadline
    {
        get
        {
            if (count == 0)
                return floor;
            var known = recent[..Math.Min(count, recent.Length)];
            Array.Sort(known);
            return TimeSpan.FromSeconds(Math.Max(floor.TotalSeconds, factor * known[known.Length / 2]));
        }
    }
}
