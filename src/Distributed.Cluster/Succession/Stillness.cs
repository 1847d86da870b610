namespace Distributed.Cluster.Succession;

/// <summary>
/// When to decide about members that can't be reached: once neither they nor the cluster's members have changed for a time. A network that flaps
/// is decided about as it is after some times as long. Knows sets and times, and no cluster.
/// </summary>
/// <param name="bound">How long nothing has to change.</param>
/// <param name="now">Milliseconds of any steady clock, as in all calls.</param>
internal sealed class Stillness<T>(TimeSpan bound, long now)
{
    /// <summary>After so many times the bound the decision does not wait for stillness any more.</summary>
    public const int LongestUnrest = 4;

    private readonly long bound = (long)bound.TotalMilliseconds;
    private HashSet<T> known = [];
    private HashSet<T> missing = [];
    private long stillSince = now;
    private long missingSince = now;

    /// <summary>Takes a look at the cluster; true where it is time to decide.</summary>
    /// <param name="members">All of them.</param>
    /// <param name="unreachable">Those that this node can't reach.</param>
    public bool Observe(IEnumerable<T> members, IEnumerable<T> unreachable, long now)
    {
        var (knownNow, missingNow) = (members.ToHashSet(), unreachable.ToHashSet());
        if (missingNow.Count == 0)
            missingSince = now;
        if (!knownNow.SetEquals(known) || !missingNow.SetEquals(missing))
            stillSince = now;
        (known, missing) = (knownNow, missingNow);
        return missing.Count > 0 && (now - stillSince >= bound || now - missingSince >= LongestUnrest * bound);
    }

    /// <summary>For how long somebody has been unreachable, in milliseconds.</summary>
    public long MissingFor(long now) => now - missingSince;

    /// <summary>A decision was made: the next one needs as long.</summary>
    public void Decided(long now) => stillSince = missingSince = now;
}
