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

    private string Told() => told.TryTake(out var text, TimeSpan.FromSeconds(10)) ? text : "nothing";
}
