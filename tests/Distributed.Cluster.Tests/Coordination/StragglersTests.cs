using Distributed.Cluster.Coordination;

namespace Distributed.Cluster.Tests.Coordination;

public sealed class StragglersTests
{
    private readonly Stragglers stragglers = new(factor: 2);

    [Theory]
    [InlineData(30, 10, 0, "input")]
    [InlineData(0, 40, 0, "compute")]
    [InlineData(0, 10, 50, "send")]
    public void A_worker_that_lags_is_told_of_once_with_what_takes_it_so_long(double input, double compute, double send, string phase)
    {
        (string, StepParts)[] workers = [("w-1", new(1, 0, 10, 0)), ("w-2", new(1, input, compute, send)), ("w-3", new(1, 0, 11, 0))];
        var lag = Assert.Single(stragglers.Find(workers));
        Assert.Equal(("w-2", phase, Math.Max(Math.Max(input, send), compute)), (lag.Node, lag.Phase, lag.Milliseconds));
        Assert.Empty(stragglers.Find(workers));
    }

    [Fact]
    public void Whoever_lags_again_is_told_of_again()
    {
        (string, StepParts)[] slow = [("w-1", new(1, 0, 10, 0)), ("w-2", new(1, 0, 40, 0))];
        (string, StepParts)[] even = [("w-1", new(1, 0, 10, 0)), ("w-2", new(1, 0, 15, 0))];
        Assert.Single(stragglers.Find(slow));
        Assert.Empty(stragglers.Find(even));
        Assert.Single(stragglers.Find(slow));
    }

    [Fact]
    public void More_slots_are_no_lag_nor_are_fractions_of_a_millisecond_nor_is_a_worker_alone()
    {
        Assert.Empty(stragglers.Find([("w-1", new(1, 0, 10, 0)), ("w-2", new(3, 0, 30, 0))]));
        Assert.Empty(stragglers.Find([("w-1", new(1, 0, 0.2, 0)), ("w-2", new(1, 0, 1, 0))]));
        Assert.Empty(stragglers.Find([("w-1", new(1, 0, 10, 0))]));
    }
}
