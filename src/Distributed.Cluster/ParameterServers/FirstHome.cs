using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// The first home of a shard as its second home on the same host sees it: memory of another process that is mapped here, and so outlives it. It has
/// weights and moments in two versions each. An update reads one and writes the other, so that whenever the first home ends, or is left, the
/// version that was whole last is there.
/// </summary>
/// <param name="segment">The mapped segment of the first home's server; the caller's.</param>
/// <param name="places">What lies where in it.</param>
/// <param name="shard">The shard.</param>
internal sealed unsafe class FirstHome(SharedSegment segment, ServerSegment places, int shard)
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(20);

    private readonly VersionWord whole = new(segment.Pointer + places.WholeOf(shard));

    public (nint Even, nint Odd) Weights { get; } =
        ((nint)segment.Pointer + (nint)places.PlaceOf(shard), (nint)segment.Pointer + (nint)(places.Bytes + places.PlaceOf(shard)));

    public MomentBuffers Moments { get; } =
        new((nint)segment.Pointer + (nint)places.MomentsOf(shard).Even, (nint)segment.Pointer + (nint)places.MomentsOf(shard).Odd);

    /// <summary>Whether a version is whole there.</summary>
    public bool Has(long version) => whole.Has(version);

    /// <summary>
    /// Sleeps until a version is whole there, or it is woken, or a moment has passed: what else the caller waits for it looks at each time, since
    /// waking does not reach who is about to sleep.
    /// </summary>
    public void Wait(long version) => whole.Wait(version, LongestSleep);

    /// <summary>Wakes whoever waits.</summary>
    public void Wake() => whole.WakeAll();
}
