namespace Distributed.Cluster.Workers;

/// <summary>
/// Where the compute thread waits for the next version of the weights: open when every shard has announced it. Links call in
/// from their threads.
/// </summary>
internal sealed class VersionGate(int shards)
{
    private readonly object sync = new();
    private readonly long[] versions = [.. Enumerable.Repeat(-1L, shards)];
    private Exception? failure;

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

    /// <summary>Ends the wait, now and from now on, with <paramref name="cause"/>; the first cause stays.</summary>
    public void Fail(Exception cause)
    {
        lock (sync)
        {
            failure ??= cause;
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Waits until every shard has <paramref name="version"/>.</summary>
    /// <exception cref="TimeoutException">Not all came within the deadline; the message names the shards.</exception>
    public void WaitFor(long version, TimeSpan deadline)
    {
        var end = Environment.TickCount64 + (long)deadline.TotalMilliseconds;
        lock (sync)
        {
            while (true)
            {
                if (failure is not null)
                    throw failure;
                if (Array.TrueForAll(versions, have => have >= version))
                    return;
                var left = end - Environment.TickCount64;
                if (left <= 0)
                {
                    var late = Enumerable.Range(0, versions.Length).Where(shard => versions[shard] < version);
                    throw new TimeoutException($"waited {deadline.TotalSeconds:F0} s for version {version} of shards {string.Join(", ", late)}");
                }

                // Whether it ended by the deadline or not: what arrived in that moment counts.
                Monitor.Wait(sync, (int)Math.Min(left, int.MaxValue));
            }
        }
    }
}
