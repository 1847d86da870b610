using System.Diagnostics;
using Distributed.Cluster.Workers;
using Distributed.Transport;

namespace Distributed.Cluster.Tests.Workers;

public class VersionGateTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task It_opens_when_every_shard_has_the_version()
    {
        var gate = new VersionGate(3);
        var waiting = Task.Run(() => gate.WaitFor(4, Patience));
        gate.Arrived([1], 4);
        gate.Arrived([0], 5);
        Assert.False(waiting.IsCompleted);
        gate.Arrived([2], 4);
        await waiting.WaitAsync(Patience);
        gate.WaitFor(4, TimeSpan.Zero);
    }

    [Fact]
    public async Task It_waits_for_shards_that_announce_in_shared_memory_and_for_those_that_do_not()
    {
        using var segment = SharedSegment.Create("announcements", VersionWord.Bytes);
        var (gate, word) = OverSharedMemory(segment);
        var waiting = Task.Run(() => gate.WaitFor(1, Patience));
        gate.Arrived([1], 1);
        Assert.False(waiting.IsCompleted);
        Assert.False(gate.IsOpen(1));
        word.Publish(1);
        Assert.True(gate.IsOpen(1));
        await waiting.WaitAsync(Patience);
        Assert.EndsWith("of shards 1", Assert.Throws<TimeoutException>(() =>
        {
            word.Publish(2);
            gate.WaitFor(2, TimeSpan.FromMilliseconds(20));
        }).Message, StringComparison.Ordinal);
        Assert.EndsWith("of shards 0, 1, 2", Assert.Throws<TimeoutException>(() => gate.WaitFor(3, TimeSpan.FromMilliseconds(20))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_opens_for_the_first_layers_when_the_first_shards_have_the_version()
    {
        using var segment = SharedSegment.Create("announcements", VersionWord.Bytes);
        var (gate, word) = OverSharedMemory(segment);
        var waiting = Task.Run(() => gate.WaitFor(1, Patience, first: 2));
        gate.Arrived([1], 1);
        Assert.False(waiting.IsCompleted);
        word.Publish(1);
        await waiting.WaitAsync(Patience);

        gate.Arrived([1], 2);
        Assert.EndsWith(
            "of shards 0", Assert.Throws<TimeoutException>(() => gate.WaitFor(2, TimeSpan.FromMilliseconds(20), first: 2)).Message, StringComparison.Ordinal);
        var remote = new VersionGate(3);
        remote.Arrived([0], 3);
        remote.WaitFor(3, TimeSpan.Zero, first: 1);
    }

    [Fact]
    public async Task A_failure_ends_a_wait_in_shared_memory()
    {
        using var segment = SharedSegment.Create("announcements", VersionWord.Bytes);
        var (gate, _) = OverSharedMemory(segment);
        var waiting = Task.Run(() => gate.WaitFor(1, Patience));
        gate.Fail(new InvalidOperationException("the server is gone"));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => waiting.WaitAsync(Patience / 3));
        Assert.Equal("the server is gone", failure.Message);
    }

    private static unsafe (VersionGate Gate, VersionWord Word) OverSharedMemory(SharedSegment segment)
    {
        var gate = new VersionGate(3);
        var word = new VersionWord(segment.Pointer);
        gate.Watch([0, 2], word);
        return (gate, word);
    }

    [Fact]
    public void A_version_that_comes_late_does_not_close_it_again()
    {
        var gate = new VersionGate(1);
        gate.Arrived([0], 5);
        gate.Arrived([0], 4);
        gate.WaitFor(5, TimeSpan.Zero);
    }

    [Fact]
    public void A_timeout_names_the_shards_that_are_late()
    {
        var gate = new VersionGate(4);
        gate.Arrived([1], 2);
        gate.Arrived([3], 1);
        var timeout = Assert.Throws<TimeoutException>(() => gate.WaitFor(2, TimeSpan.FromMilliseconds(20)));
        Assert.EndsWith("for version 2 of shards 0, 2, 3", timeout.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_ends_the_wait_and_the_first_one_stays()
    {
        var gate = new VersionGate(1);
        var waiting = Task.Run(() => gate.WaitFor(1, Patience));
        gate.Fail(new InvalidOperationException("first"));
        gate.Fail(new InvalidOperationException("second"));
        Assert.Equal("first", (await Assert.ThrowsAsync<InvalidOperationException>(() => waiting.WaitAsync(Patience))).Message);
        gate.Arrived([0], 1);
        Assert.Equal("first", Assert.Throws<InvalidOperationException>(() => gate.WaitFor(1, Patience)).Message);
    }

    /// <summary>The version arrives in the very moment in which the deadline ends: whoever waits has it, or misses a shard.</summary>
    [Fact]
    public async Task A_version_that_arrives_with_the_deadline_is_not_reported_as_late()
    {
        for (var round = 0; round < 150; round++)
        {
            var gate = new VersionGate(1);
            using var begun = new ManualResetEventSlim();
            var arriving = Task.Run(() =>
            {
                begun.Wait();
                var since = Stopwatch.GetTimestamp();
                var after = TimeSpan.FromMilliseconds(2 + 0.002 * (round % 100));
                while (Stopwatch.GetElapsedTime(since) < after)
                    Thread.SpinWait(20);
                gate.Arrived([0], 1);
            });
            begun.Set();
            try
            {
                gate.WaitFor(1, TimeSpan.FromMilliseconds(2));
            }
            catch (TimeoutException timeout)
            {
                Assert.EndsWith("shards 0", timeout.Message, StringComparison.Ordinal);
            }

            await arriving;
        }
    }
}
