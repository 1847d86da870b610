using Distributed.Cli.Benchmarks;

namespace Distributed.Cli.Tests.Benchmarks;

public class CompareFiguresTests
{
    [Fact]
    public void The_ratio_is_that_of_pairs_measured_in_turn()
    {
        // The second round met a machine twice as slow.
        var figures = CompareFigures.Of("big", [(50, 51), (100, 102), (50, 55)]);
        Assert.Equal(1.02, figures.Ratio.Median);
        Assert.Equal(50, figures.Without.Median);
        Assert.Equal(55, figures.With.Median);
    }
}
