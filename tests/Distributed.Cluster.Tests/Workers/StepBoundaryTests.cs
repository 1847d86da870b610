using Distributed.Cluster.Workers;

namespace Distributed.Cluster.Tests.Workers;

public sealed class StepBoundaryTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(false, "GoOn")]
    [InlineData(true, "Stop")]
    public async Task A_worker_holds_until_its_evaluation_is_decided_on(bool stop, string expected)
    {
        var boundary = new StepBoundary();
        boundary.Decide(5, stopThere: false);
        var worker = Task.Run(() => boundary.AwaitDecision(10, Long));

        boundary.Decide(10, stop);

        Assert.Equal(expected, (await worker.WaitAsync(Long)).ToString());
    }

    [Fact]
    public void A_decision_that_does_not_come_ends_the_wait()
    {
        var boundary = new StepBoundary();
        boundary.Decide(5, stopThere: false);

        var error = Assert.Throws<TimeoutException>(() => boundary.AwaitDecision(10, TimeSpan.FromMilliseconds(20)));
        Assert.Contains("version 10", error.Message);
    }

    [Fact]
    public async Task A_released_worker_does_not_wait_for_a_decision()
    {
        var boundary = new StepBoundary();
        var worker = Task.Run(() => boundary.AwaitDecision(10, Long));

        boundary.Release();

        Assert.Equal(BoundaryDecision.Released, await worker.WaitAsync(Long));
    }
}
