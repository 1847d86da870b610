using Distributed.Cli.Benchmarks;

namespace Distributed.Cli.Tests.Benchmarks;

public class StepFiguresTests
{
    [Fact]
    public void Ratios_are_those_of_pairs_measured_in_turn()
    {
        // The second round met a machine twice as slow.
        var figures = StepFigures.Of("mlp", 10, 2, 1, 128, [new(2, 4, 4.5, 5, 3, 1, 10), new(4, 8, 9, 10, 6, 2, 20)]);
        Assert.Equal(2.5, figures.RatioToPlain);
        Assert.Equal(1.25, figures.RatioToTogether);
        Assert.Equal(10 / 9.0, figures.RatioToSlowest);
        Assert.Equal(2, figures.RateToDdp);
        Assert.Equal(4.5, figures.Extra);
        Assert.Equal(7.5, figures.Cluster.Median);
    }

    [Fact]
    public void Without_a_peer_there_is_no_ratio_to_it()
    {
        var figures = StepFigures.Of("mlp", 10, 2, 1, 128, [new(2, 4, 4.5, 5, 3, 1)]);
        Assert.Null(figures.Ddp);
        Assert.Null(figures.RateToDdp);
    }

    [Fact]
    public void Steps_that_wait_for_each_other_take_what_the_slowest_takes_at_each()
    {
        // Each loop by itself has a median of 2.
        Assert.Equal(3, StepBenchmark.SlowestOf([[2, 1, 3], [2, 3, 1]]));
    }
}
