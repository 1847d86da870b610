using Distributed.Cluster.Workers;

namespace Distributed.Cluster.Tests.Workers;

public class StepTimesTests
{
    private readonly StepTimes times = new(floor: TimeSpan.FromSeconds(30), factor: 20);

    [Fact]
    public void Without_a_step_and_with_fast_ones_the_floor_holds()
    {
        Assert.Equal(TimeSpan.FromSeconds(30), times.Deadline);
        times.Add(TimeSpan.FromMilliseconds(5));
        Assert.Equal(TimeSpan.FromSeconds(30), times.Deadline);
    }

    [Fact]
    public void Slow_steps_get_a_multiple_of_their_median_and_spread_which_one_outlier_does_not_move()
    {
        foreach (var seconds in new[] { 3, 2, 100, 3, 4 })
            times.Add(TimeSpan.FromSeconds(seconds));
        // The median is 3 s, and the deviations from it are 0, 0, 1, 1 and 97 s.
        Assert.Equal(TimeSpan.FromSeconds(20 * (3 + 1)), times.Deadline);
    }

    [Fact]
    public void Only_the_newest_steps_count()
    {
        for (var i = 0; i < 100; i++)
            times.Add(TimeSpan.FromSeconds(50));
        for (var i = 0; i < 64; i++)
            times.Add(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(40), times.Deadline);
    }
}
