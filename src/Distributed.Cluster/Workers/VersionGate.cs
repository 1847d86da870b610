using Distributed.Transport;

namespace Distributed.Cluster.Workers;

/// <summary>
/// Where the compute thread waits for the next version of the weights: open when every shard has announced it, in shared memory or by
/// a link that calls in from its thread.
/// </summary>
internal sealed class VersionGate(int shards)
{
    private readonly object sync = new();
    private readonly long[] versions = [.. Enumerable.Repeat(-1L, shards)];
    private volatile (int[] Shards, VersionWord Word)[] words = [];
    private Exception? failure;
    private long noEndBefore;

    /// <summary>Milliseconds after which a sleeper looks whether something failed just before it fell asleep.</summary>
    private const long LongestSleep = 100;

    /// <summary>The weights of <paramref name="version"/> of some shards are in place.</summary>
    public void Arrived(ReadOnlySpan<int> shards, long version)
    {
        lock (sync)
        {
            foreach (var shard in shards)
                versions[shard] = Math.Max(versions[shard], version);
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Some shards announce their versions in shared memory. To be called before anyone waits.</summary>
    public void Watch(int[] shards, VersionWord word) => words = [.. words, (shards, word)];

    /// <summary>Ends the wait, now and from now on, with <paramref name="cause"/>; the first cause stays.</summary>
    public void Fail(Exception cause)
    {
        lock (sync)
        {
            failure ??= cause;
            Monitor.PulseAll(sync);
        }

        foreach (var (_, word) in words)
            word.WakeAll();
    }

    /// <summary>No wait ends by its deadline before so much time has gone by.</summary>
    public void Extend(TimeSpan by)
    {
        lock (sync)
            noEndBefore = Environment.TickCount64 + (long)by.TotalMilliseconds;
    }

    /// <summary>Whether every shard has <paramref name="version"/>, without waiting.</summary>
    public bool IsOpen(long version)
    {
        lock (sync)
        {
            foreach (var (shards, word) in words)
                if (word.Has(version))
                    foreach (var shard in shards)
                        versions[shard] = Math.Max(versions[shard], version);
            foreach (var have in versions)
                if (have < version)
                    return false;
            return true;
        }
    }

    /// <summary>Waits until every shard has <paramref name="version"/>, or the first <paramref name="first"/> of them.</summary>
    /// <exception cref="TimeoutException">Not all came within the deadline; the message names the shards.</exception>
    public void WaitFor(long version, TimeSpan deadline, int first = int.MaxValue)
    {
        var end = Environment.TickCount64 + (long)deadline.TotalMilliseconds;
        foreach (var (shards, word) in words)
        {
            if (!Array.Exists(shards, shard => shard < first))
                continue;
            while (!word.Has(version))
                word.Wait(version, TimeSpan.FromMilliseconds(Math.Min(LongestSleep, Left())));
            lock (sync)
                foreach (var shard in shards)
                    versions[shard] = Math.Max(versions[shard], version);
        }

        lock (sync)
        {
            while (!AllHave(version, first))
                // Whether it ended by the deadline or not: what arrived in that moment counts.
                Monitor.Wait(sync, (int)Math.Min(Left(), int.MaxValue));
            if (failure is not null)
                throw failure;
        }

        long Left()
        {
            lock (sync)
            {
                if (failure is not null)
                    throw failure;
                var left = Math.Max(end, noEndBefore) - Environment.TickCount64;
                return left > 0 ? left : throw new TimeoutException($"waited {deadline.TotalSeconds:F0} s for version {version} of shards {Late(version, first)}");
            }
        }
    }

    private bool AllHave(long version, int first)
    {
        foreach (var have in versions.AsSpan(0, Math.Min(first, versions.Length)))
            if (have < version)
                return false;
        return true;
    }

    private string Late(long version, int first)
    {
        var there = words.Where(watched => watched.Word.Has(version)).SelectMany(watched => watched.Shards).ToHashSet();
        return string.Join(", ", Enumerable.Range(0, Math.Min(first, versions.Length)).Where(shard => versions[shard] < version && !there.Contains(shard)));
    }
}
