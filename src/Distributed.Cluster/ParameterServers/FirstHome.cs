using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// The first home of a shard as its second home on the same host sees it: memory of another process that is mapped here, and so outlives it. It has
/// weights and moments in two versions each. An update reads one and writes the other, so that whenever the first home ends, or is left, the
/// version that was whole last is there.
/// </summary>
/// <param name="segment">The mapped segment of the first home's server; the caller's.</param>
/// <param name="places">Where what lies in it.</param>
/// <param name="shard">The shard.</param>
internal sealed unsafe class FirstHome(SharedSegment segment, ServerSegment places, int shard)
{
    /// <summary>How long a wait may sleep through that this home was left: waking goes by the word, which may be woken a moment too early.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    private readonly VersionWord whole = new(segment.Pointer + places.WholeOf(shard));
    private volatile bool left;
    private volatile bool closed;

    public (nint Even, nint Odd) Weights { get; } =
        ((nint)segment.Pointer + (nint)places.PlaceOf(shard), (nint)segment.Pointer + (nint)(places.Bytes + places.PlaceOf(shard)));

    public MomentBuffers Moments { get; } =
        new((nint)segment.Pointer + (nint)places.MomentsOf(shard).Even, (nint)segment.Pointer + (nint)places.MomentsOf(shard).Odd);

    /// <summary>Whether a version is whole there.</summary>
    public bool Has(long version) => whole.Has(version);

    /// <summary>Waits until a version is whole there; false where the first home was left before.</summary>
    /// <exception cref="OperationCanceledException">The second home's server ends.</exception>
    public bool Await(long version)
    {
        while (!Has(version))
        {
            if (closed)
                throw new OperationCanceledException();
            if (left)
                return false;
            whole.Wait(version, Glance);
        }

        return true;
    }

    /// <summary>The first home is no member of the job any more: what it still makes counts for nothing.</summary>
    public void Leave()
    {
        left = true;
        whole.WakeAll();
    }

    /// <summary>Nobody waits for it any more.</summary>
    public void Close()
    {
        closed = true;
        whole.WakeAll();
    }
}
