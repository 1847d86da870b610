namespace Distributed.Cli.Benchmarks.Simulation;

/// <summary>Something that serves one after the other, in the order in which they ask: a direction of a link, a core.</summary>
internal sealed class Station
{
    private double free;

    /// <summary>Asks at a moment for some time.</summary>
    /// <returns>When it begins.</returns>
    public double Serve(double now, double seconds)
    {
        var begins = Math.Max(now, free);
        free = begins + seconds;
        return begins;
    }
}
