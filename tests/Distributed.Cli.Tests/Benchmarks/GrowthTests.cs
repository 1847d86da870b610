using Distributed.Cli.Benchmarks.Growth;

namespace Distributed.Cli.Tests.Benchmarks;

public class GrowthTests
{
    private const long Megabyte = 1 << 20;

    /// <summary>Half an hour, looked at every three seconds; a heap that comes and goes in a saw's teeth.</summary>
    private static GrowthFigures Figures(double bytesAStep = 0, double paused = 0.0001, double threadsAnHour = 0, double startBytes = 0)
    {
        var random = new Random(5);
        return GrowthFigures.Of("worker-1", [.. Enumerable.Range(0, 600).Select(i =>
        {
            var (seconds, step) = (3.0 * i, 900L * i);
            var warming = startBytes * Math.Exp(-seconds / 60);
            return new ProcessLoad(
                seconds, step, (long)((200 * Megabyte) + (random.NextDouble() * Megabyte) + (bytesAStep * step) - warming), 40 * Megabyte,
                (i % 37 * Megabyte / 20) + (8 * Megabyte), 40 + (int)(threadsAnHour * seconds / 3600) + (i % 3), 90, paused * seconds);
        })], 0.2);
    }

    [Fact]
    public void A_process_that_keeps_its_size_passes()
    {
        var figures = Figures();
        Assert.Empty(figures.Faults);
        Assert.InRange(figures.Minutes, 23.9, 24.1);
        Assert.Equal(0.0001, figures.PausedShare, 6);
    }

    [Fact]
    public void What_a_process_takes_to_warm_up_does_not_count() => Assert.Empty(Figures(startBytes: 100 * Megabyte).Faults);

    [Fact]
    public void Ten_bytes_a_step_are_found()
    {
        var figures = Figures(bytesAStep: 10);
        Assert.Equal(["own memory grows"], figures.Faults);
        Assert.InRange(figures.Anonymous.Slope / 300, 9.5, 10.5);
    }

    [Fact]
    public void Threads_that_stay_are_found() => Assert.Equal(["threads become more"], Figures(threadsAnHour: 12).Faults);

    [Fact]
    public void Collections_that_take_too_long_are_found() => Assert.Equal(["garbage collection takes too long"], Figures(paused: 0.003).Faults);

    [Fact]
    public void A_trend_is_not_moved_by_single_odd_values()
    {
        var moments = Enumerable.Range(0, 1000).Select(i => ((double)i, i % 100 == 50 ? 1e9 : 3.0 + (0.5 * i))).ToArray();
        var trend = Trend.Of(moments);
        Assert.Equal(0.5, trend.Slope, 6);
        Assert.Equal(0.5 * 999, trend.Growth, 3);
    }
}
