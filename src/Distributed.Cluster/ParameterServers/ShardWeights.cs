using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// The weights of one shard: the float32 master weights, which the optimizer updates, and what workers have of them in two versions: version t
/// stays readable until t+1 is complete on every shard. In float32 both are the same memory; in bfloat16 the master weights are
/// this process's own, of the newest version alone, and workers have them rounded.
/// </summary>
internal sealed unsafe class ShardWeights : IDisposable
{
    private readonly PrivateMemory? master;
    private readonly (nint Even, nint Odd) own;
    private readonly long floats;
    private (nint Even, nint Odd) memory;

    /// <param name="format">How workers have the shard's floats.</param>
    /// <param name="floats">How many there are.</param>
    /// <param name="even">Memory of even versions for workers, in that format; the caller's.</param>
    /// <param name="odd">Likewise of odd versions.</param>
    public ShardWeights(FlatFormat format, long floats, byte* even, byte* odd)
    {
        Format = format;
        this.floats = floats;
        memory = own = ((nint)even, (nint)odd);
        if (format.Precision != Precision.Float32)
            master = new PrivateMemory(floats * sizeof(float));
    }

    public FlatFormat Format { get; }

    /// <summary>What workers have of a version, in bytes.</summary>
    public long Bytes => Format.BytesTo(floats);

    /// <summary>The master weights: of either of the two versions in float32, otherwise of the newest whatever is asked for.</summary>
    public float* Master(long version) => master is null ? (float*)Published(version) : (float*)master.Pointer;

    /// <summary>What workers have of a version; whole from its announcement until the version after the next is begun.</summary>
    public byte* Published(long version) => (byte*)((version & 1) == 0 ? memory.Even : memory.Odd);

    /// <summary>What workers have of a version, where that is the master weights rounded; 0 where both are the same.</summary>
    public nint Rounded(long version) => master is null ? 0 : (nint)Published(version);

    /// <summary>Gives workers all of the master weights, which are of a version.</summary>
    public void Publish(long version)
    {
        Publish(version, 0, Format.Trained);
        Publish(version, Format.Trained, floats - Format.Trained);
    }

    /// <summary>Gives workers some of the master weights, all of them trained or none; nothing to do where both are the same.</summary>
    public void Publish(long version, long start, long count)
    {
        if (master is not null && count > 0)
            Format.Publish((nint)master.Pointer, (nint)Published(version), start, count);
    }

    /// <summary>Has float32 weights in other memory from now on, where another home of the shard writes them.</summary>
    public void Follow(nint even, nint odd) => memory = (even, odd);

    /// <summary>Copies both versions to the memory that they were in at first, and has them there again.</summary>
    public void Detach()
    {
        Buffer.MemoryCopy((void*)memory.Even, (void*)own.Even, Bytes, Bytes);
        Buffer.MemoryCopy((void*)memory.Odd, (void*)own.Odd, Bytes, Bytes);
        memory = own;
    }

    public void Dispose() => master?.Dispose();
}
