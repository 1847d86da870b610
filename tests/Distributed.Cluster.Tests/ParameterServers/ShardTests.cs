using System.Collections.Concurrent;
using Distributed.Cluster.ParameterServers;
using Distributed.Learning;
using Distributed.Transport;
using Verdict = Distributed.Cluster.ParameterServers.Verdict;

namespace Distributed.Cluster.Tests.ParameterServers;

public sealed class ShardTests : IDisposable
{
    private const int Slots = 3;
    private const int Floats = 4096 + 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ShardBench bench = new(Slots, Floats);

    public void Dispose() => bench.Dispose();

    [Fact]
    public void A_version_is_announced_once_when_every_slot_is_in()
    {
        bench.Shard.Start();
        for (var version = 0L; version < 4; version++)
        {
            Assert.Equal(Verdict.Accepted, bench.Offer(version, new(2, 1)));
            Assert.Equal(Verdict.Duplicate, bench.Offer(version, new(2, 1)));
            Assert.Equal([0, 1], bench.Shard.Missing);
            Assert.Equal(Verdict.Accepted, bench.Offer(version, new(0, 2)));
            // Were a version announced twice, the next one would not come next.
            Assert.Equal(version + 1, bench.NextAnnounced());
            Assert.Equal(version + 1, bench.Shard.Version);
            bench.Expect(version + 1);
        }
    }

    [Fact]
    public void The_version_before_stays_readable_until_the_next_update()
    {
        bench.Shard.Start();
        bench.Complete(0);
        bench.Expect(0);
        bench.Expect(1);
        bench.Complete(1);
        bench.Expect(1);
        bench.Expect(2);
    }

    [Fact]
    public void It_is_kept_at_its_version_only()
    {
        bench.Shard.Start();
        bench.Complete(0);
        Assert.Null(bench.Shard.Keep(0));
        Assert.Null(bench.Shard.Keep(2));
        using (bench.Shard.Keep(1))
            bench.Offer(1, new(0, 2));
        // The version's update is due: its weights may be on their way.
        bench.Offer(1, new(2, 1), update: false);
        Assert.Null(bench.Shard.Keep(1));
    }

    [Fact]
    public unsafe void What_is_kept_stays_while_the_shard_goes_on()
    {
        bench.Shard.Start();
        bench.Complete(0);
        using var kept = bench.Shard.Keep(1);
        for (var version = 1L; version < 4; version++)
            bench.Complete(version);
        Assert.Equal(1, kept!.Version);
        bench.Expect(1, (float*)kept.Weights.Pointer);
        using var other = new ShardOptimizer(new OptimizerSpec("sgd", 1), Floats);
        using var state = new UnmanagedMemoryStream(kept.State.Pointer, kept.StateBytes);
        other.LoadState(state);
        Assert.Equal(1, other.Steps);
        Assert.Equal(kept.StateBytes, state.Position);
    }

    [Fact]
    public void Nothing_is_kept_of_a_disposed_shard()
    {
        bench.Shard.Dispose();
        Assert.Null(bench.Shard.Keep(0));
    }

    [Fact]
    public void What_ends_the_shards_thread_is_reported_once()
    {
        bench.AnnouncementsFail = true;
        bench.Shard.Start();
        bench.Complete(0, wait: false);
        Assert.True(bench.Failures.TryTake(out var failure, Patience));
        Assert.Equal("the announcement failed", failure.Message);
        bench.Complete(1, wait: false);
        bench.Shard.Stop();
        Assert.Empty(bench.Failures);
    }

    [Fact]
    public void A_stopped_shard_commits_nothing_more()
    {
        bench.Shard.Start();
        bench.Complete(0);
        bench.Shard.Stop();
        bench.Shard.Stop();
        bench.Complete(1, wait: false);
        Assert.Equal(1, bench.Shard.Version);
        bench.Expect(1);
    }

    [Fact]
    public void A_link_that_still_brings_a_piece_does_not_disturb_a_disposed_shard()
    {
        bench.Shard.Start();
        bench.Shard.Dispose();
        bench.Complete(0, wait: false);
        bench.Shard.Dispose();
        Assert.Equal(0, bench.Shard.Version);
    }

    /// <summary>Links of several workers bring all pieces at once, cut differently, and more than once.</summary>
    [Fact]
    public async Task Many_links_at_once_give_the_bits_of_one()
    {
        const int versions = 60, links = 4, slots = 8;
        using var crowd = new ShardBench(slots, 1024);
        crowd.Shard.Start();
        using var step = new Barrier(links);
        var threads = Enumerable.Range(0, links).Select(link => Task.Factory.StartNew(
            () =>
            {
                var random = new Random(link);
                for (var version = 0L; version < versions; version++)
                {
                    Assert.True(step.SignalAndWait(Patience));
                    SlotRange[] pieces = [.. Gradients.RandomPartition(SlotTree.Root(slots), random)];
                    random.Shuffle(pieces);
                    foreach (var piece in pieces)
                        Assert.Contains(crowd.Offer(version, piece), new[] { Verdict.Accepted, Verdict.Duplicate, Verdict.OlderVersion });
                    Assert.True(SpinWait.SpinUntil(() => crowd.Shard.Version == version + 1 || crowd.Failures.Count > 0, Patience));
                    Assert.Empty(crowd.Failures);
                }
            },
            TaskCreationOptions.LongRunning)).ToArray();
        await Task.WhenAll(threads).WaitAsync(2 * Patience);
        for (var version = 1L; version <= versions; version++)
            Assert.Equal(version, crowd.NextAnnounced());
        crowd.Expect(versions);
        crowd.Expect(versions - 1);
    }
}

/// <summary>A shard over memory of its own whose weights can be foretold: plain SGD with rate 1 subtracts each version's sum.</summary>
internal sealed unsafe class ShardBench : IDisposable
{
    private const int Seed = 11;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly int slots;
    private readonly int floats;
    private readonly PrivateMemory even;
    private readonly PrivateMemory odd;
    private readonly BlockingCollection<long> announced = [];
    private readonly ConcurrentDictionary<(long, SlotRange), float[]> gradients = new();

    public ShardBench(int slots, int floats)
    {
        this.slots = slots;
        this.floats = floats;
        even = new PrivateMemory(floats * sizeof(float));
        odd = new PrivateMemory(floats * sizeof(float));
        Shard = new Shard(
            new ShardRange(0, 0, 0, floats), 0, slots, 0, 1, new ShardOptimizer(new OptimizerSpec("sgd", 1), floats), ShardStatistics.None, _ => 1, null,
            new ShardWeights(default, floats, even.Pointer, odd.Pointer),
            (_, version) =>
            {
                if (AnnouncementsFail)
                    throw new InvalidOperationException("the announcement failed");
                announced.Add(version);
            },
            Failures.Add);
    }

    public Shard Shard { get; }

    public BlockingCollection<Exception> Failures { get; } = [];

    public bool AnnouncementsFail { get; set; }

    /// <summary>Offers a piece; the one that completes a version has it updated on the shard's thread, or every other time on the caller's.</summary>
    public Verdict Offer(long version, SlotRange piece, bool update = true)
    {
        var gradient = gradients.GetOrAdd((version, piece), key => Gradients.Piece(key.Item2, Seed, key.Item1, floats));
        var verdict = Shard.Offer(1, version, piece, (byte*)Gradients.Address(gradient), out var complete);
        if (complete && update && version % 2 == 0)
            Shard.WakeUp();
        else if (complete && update)
            Shard.Update();
        return verdict;
    }

    public void Complete(long version, bool wait = true)
    {
        for (var slot = 0; slot < slots; slot++)
            Offer(version, new SlotRange(slot, 1));
        if (wait)
            Assert.Equal(version + 1, NextAnnounced());
    }

    public long NextAnnounced() =>
        announced.TryTake(out var version, Patience) ? version : throw new TimeoutException($"nothing announced; the shard is at {Shard.Version}: {string.Join(", ", Failures)}");

    /// <summary>The memory of a version holds its weights, bit for bit.</summary>
    public void Expect(long version) => Expect(version, Shard.Weights.Master(version));

    public void Expect(long version, float* memory)
    {
        for (var i = 0; i < floats; i += 97)
        {
            var weight = 0f;
            for (var before = 0L; before < version; before++)
                weight -= Gradients.Sum(SlotTree.Root(slots), Seed, before, i);
            Assert.Equal(weight, memory[i]);
        }
    }

    public void Dispose()
    {
        Shard.Dispose();
        even.Dispose();
        odd.Dispose();
        announced.Dispose();
        Failures.Dispose();
    }
}
