namespace Distributed.Cli.Benchmarks.Growth;

/// <summary>Whether a process grew while it made steps.</summary>
/// <param name="Node">The process.</param>
/// <param name="Minutes">How long it was looked at after it had warmed up.</param>
/// <param name="Steps">How many steps were made in that time.</param>
/// <param name="PausedShare">The share of that time for which the garbage collector stopped it.</param>
internal sealed record GrowthFigures(
    string Node, double Minutes, long Steps, Trend Anonymous, Trend Shared, Trend Managed, Trend Threads, Trend Descriptors, double PausedShare)
{
    /// <summary>The share of the time that collections may take.</summary>
    public const double MostPaused = 0.002;

    /// <summary>A trend over the whole time below this share of the level, or below <see cref="Noise"/>, is none.</summary>
    public const double ShareOfLevel = 0.01;

    /// <summary>Bytes within which heaps move without growing.</summary>
    public const double Noise = 2 << 20;

    /// <summary>What grew or took too long; empty where all is well.</summary>
    public IReadOnlyList<string> Faults =>
    [
        .. Grows(Anonymous, Noise) ? ["own memory grows"] : (string[])[],
        .. Grows(Shared, Noise) ? ["shared memory grows"] : (string[])[],
        .. Grows(Managed, Noise) ? ["the managed heap grows"] : (string[])[],
        .. Grows(Threads, 1) ? ["threads become more"] : (string[])[],
        .. Grows(Descriptors, 1) ? ["open files become more"] : (string[])[],
        .. PausedShare >= MostPaused ? ["garbage collection takes too long"] : (string[])[],
    ];

    /// <summary>From what was seen of one process: the first part of the time, in which it warms up, does not count.</summary>
    /// <param name="warmShare">Which part that is, below 1.</param>
    /// <exception cref="ArgumentException">Fewer than two moments are left.</exception>
    public static GrowthFigures Of(string node, IReadOnlyList<ProcessLoad> seen, double warmShare)
    {
        var warm = seen.Count == 0 ? 0 : seen[0].Seconds + (warmShare * (seen[^1].Seconds - seen[0].Seconds));
        var counted = seen.Where(moment => moment.Seconds >= warm).ToArray();
        if (counted.Length < 2) throw new ArgumentException($"{node} was looked at {counted.Length} times after it had warmed up: at least 2 are needed", nameof(seen));
        var (first, last) = (counted[0], counted[^1]);
        var seconds = last.Seconds - first.Seconds;
        return new GrowthFigures(
            node, seconds / 60, last.Step - first.Step, Of(moment => moment.Anonymous), Of(moment => moment.Shared), Of(moment => moment.Managed),
            Of(moment => moment.Threads), Of(moment => moment.Descriptors), (last.PausedSeconds - first.PausedSeconds) / seconds);

        Trend Of(Func<ProcessLoad, double> value) => Trend.Of([.. counted.Select(moment => (moment.Seconds, value(moment)))]);
    }

    private static bool Grows(Trend trend, double noise) => trend.Growth > Math.Max(noise, ShareOfLevel * trend.Level);
}
