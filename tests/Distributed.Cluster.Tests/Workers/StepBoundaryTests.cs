using System.Collections.Concurrent;
using Distributed.Cluster.Workers;

namespace Distributed.Cluster.Tests.Workers;

public sealed class StepBoundaryTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly StepBoundary boundary = new();
    private readonly BlockingCollection<string> told = [];

    public void Dispose() => told.Dispose();

    [Fact]
    public void A_worker_that_nobody_holds_passes() => Assert.True(boundary.Pass(1));

    [Fact]
    public async Task A_held_worker_tells_its_version_once_and_goes_on_when_told()
    {
        boundary.Hold(version => told.Add($"held at {version}"));
        var worker = Task.Run(() => boundary.Pass(7));
        Assert.Equal("held at 7", Told());
        Assert.False(worker.IsCompleted);
        boundary.Continue();
        Assert.True(await worker.WaitAsync(Patience));
        Assert.True(boundary.Pass(8));
        Assert.Empty(told);
    }

    [Fact]
    public async Task A_worker_that_is_held_has_all_of_its_version_before_anybody_is_told()
    {
        Assert.True(boundary.Pass(6, () => Assert.Fail("nobody holds it")));
        boundary.Hold(version => told.Add($"held at {version}"));
        var worker = Task.Run(() => boundary.Pass(7, () => told.Add("arrived")));
        Assert.Equal("arrived", Told());
        Assert.Equal("held at 7", Told());
        boundary.Continue();
        Assert.True(await worker.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_released_worker_ends_where_it_is_held_and_at_every_boundary()
    {
        boundary.Hold(version => told.Add($"{version}"));
        var worker = Task.Run(() => boundary.Pass(7));
        Assert.Equal("7", Told());
        boundary.Release();
        Assert.False(await worker.WaitAsync(Patience));
        Assert.False(boundary.Pass(8));
    }

    /// <summary>Both calls come before the held worker has woken up: the second hold is another question and wants its own answer.</summary>
    [Fact]
    public async Task A_hold_right_after_a_continue_is_answered_too()
    {
        boundary.Hold(version =>
        {
            told.Add($"first at {version}");
            boundary.Continue();
            boundary.Hold(again => told.Add($"second at {again}"));
        });
        var worker = Task.Run(() => boundary.Pass(3));
        Assert.Equal("first at 3", Told());
        Assert.Equal("second at 3", Told());
        boundary.Continue();
        Assert.True(await worker.WaitAsync(Patience));
    }

    [Theory]
    [InlineData(false, "GoOn")]
    [InlineData(true, "Stop")]
    public async Task A_worker_holds_until_its_evaluation_is_decided_on(bool stop, string expected)
    {
        var boundary = new StepBoundary();
        boundary.Decide(5, stopThere: false);
        var worker = Task.Run(() => boundary.AwaitDecision(10, Patience));

        boundary.Decide(10, stop);

        Assert.Equal(expected, (await worker.WaitAsync(Patience)).ToString());
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
        var worker = Task.Run(() => boundary.AwaitDecision(10, Patience));

        boundary.Release();

        Assert.Equal(BoundaryDecision.Released, await worker.WaitAsync(Patience));
    }

    private string Told() => told.TryTake(out var text, TimeSpan.FromSeconds(10)) ? text : "nothing";
}
