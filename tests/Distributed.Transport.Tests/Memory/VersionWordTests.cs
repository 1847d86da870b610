using System.Diagnostics;

namespace Distributed.Transport.Tests;

public sealed unsafe class VersionWordTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly SharedSegment _segment = SharedSegment.Create("word", VersionWord.Bytes);

    public void Dispose() => _segment.Dispose();

    [Fact]
    public void Every_version_wakes_all_who_wait_through_other_mappings()
    {
        const int versions = 2000;
        const int waiters = 3;
        VersionWord word = new(_segment.Pointer);
        using CountdownEvent arrived = new(waiters);
        Thread[] threads = [.. Enumerable.Range(0, waiters).Select(_ => new Thread(() =>
        {
            // Read-only, as a worker has it.
            using SharedSegment mapping = SharedSegment.OpenPeer(_segment.Offer, writable: false);
            VersionWord seen = new(mapping.Pointer);
            for (long version = 1; version <= versions; version++)
            {
                while (!seen.Has(version))
                {
                    seen.Wait(version, Patience);
                }

                arrived.Signal();
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        Stopwatch watch = Stopwatch.StartNew();
        for (long version = 1; version <= versions; version++)
        {
            word.Publish(version);
            Assert.True(arrived.Wait(Patience), $"not all woke up for version {version}");
            arrived.Reset();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.True(watch.Elapsed < Patience, "a wake-up was missed and only the wait's bound ended it");
    }

    [Fact]
    public void A_wait_ends_with_its_bound_and_with_a_call_that_wakes_all()
    {
        VersionWord word = new(_segment.Pointer);
        word.Publish(4);
        Stopwatch watch = Stopwatch.StartNew();
        word.Wait(5, TimeSpan.FromMilliseconds(50));
        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(20), Patience);

        Thread waker = new(() =>
        {
            // The waiter may not sleep yet: whoever wakes has to go on until it is up.
            while (watch.IsRunning)
            {
                word.WakeAll();
                Thread.Sleep(1);
            }
        });
        waker.Start();
        word.Wait(5, Patience);
        Assert.True(watch.Elapsed < Patience);
        watch.Stop();
        waker.Join();
    }

    [Fact]
    public void What_is_there_is_not_waited_for()
    {
        VersionWord word = new(_segment.Pointer);
        word.Publish(int.MaxValue);
        word.Wait(int.MaxValue, Timeout.InfiniteTimeSpan);
        Assert.True(word.Has(int.MaxValue));
        Assert.False(word.Has(int.MaxValue + 1L));
        word.Publish(int.MaxValue + 1L);
        Assert.True(word.Has(int.MaxValue + 1L) && word.Has(int.MaxValue));
    }

    [Fact]
    public void A_place_that_holds_no_word_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new VersionWord(_segment.Pointer + 2));
}
