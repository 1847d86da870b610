using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Tests.Coordination;

public class RunStatisticsTests
{
    private readonly RunStatistics statistics = new();

    [Fact]
    public void Without_a_step_every_figure_is_zero()
    {
        Assert.Equal(new Spread(0, 0), statistics.Total);
        Assert.Equal((0, 0, 0, 0), (statistics.SamplesPerSecond, statistics.Compute, statistics.Input, statistics.Exchange));
    }

    [Fact]
    public void Few_steps_all_count()
    {
        foreach (var milliseconds in new[] { 30, 10, 20 })
            Add(milliseconds);
        Assert.Equal(new Spread(20, 30), statistics.Total);
        Assert.Equal((10, 2, 1, 8), (statistics.Compute, statistics.Input, statistics.InputWait, statistics.Exchange));
    }

    [Fact]
    public void Of_many_steps_the_first_five_only_warm_up()
    {
        for (var i = 0; i < 5; i++)
            Add(5000);
        for (var i = 1; i <= 100; i++)
            Add(i);
        Assert.Equal(new Spread(51, 96), statistics.Total);
        Assert.Equal(105, statistics.Steps);
    }

    [Fact]
    public void Samples_per_second_count_the_steps_time_only()
    {
        Add(1000);
        Add(3000);
        Assert.Equal(16, statistics.Samples);
        Assert.Equal(4, statistics.SamplesPerSecond, 9);
    }

    private void Add(double milliseconds) =>
        statistics.Add(new StepRecord(0, 8, 1, null, milliseconds, milliseconds * 0.5, milliseconds * 0.1, milliseconds * 0.4) { InputWaitMilliseconds = milliseconds * 0.05 });
}
