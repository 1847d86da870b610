using Distributed.Cluster.Protocol;
using Distributed.Cluster.Serialization;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>What a server passes on for the workers of its host: one relay a term, made when the first of them links.</summary>
/// <param name="make">Makes the relay of a term.</param>
internal sealed unsafe class HostRelays(Func<FrameHeader, TrainingMessages.Gathering, HostRelay> make) : IDisposable
{
    private const int MostGatheringBytes = TensorMessageSerializer.LargestBytes;

    private readonly Lock gate = new();
    private readonly Lock linking = new();
    private HostRelay? current;
    private long fencedBelow;
    private long bytesSent;
    private bool closed;

    /// <summary>What has left over the links of all terms.</summary>
    public long BytesSent
    {
        get
        {
            lock (gate)
                return bytesSent + (current?.BytesSent ?? 0);
        }
    }

    /// <summary>A worker of this host wants its gradients summed with the others'. Blocks until the servers elsewhere are linked.</summary>
    /// <exception cref="LinkException">Its term is over, or a server cannot be reached.</exception>
    public HostRelay Join(PeerLink worker, in FrameHeader header)
    {
        if (header.PayloadBytes is <= 0 or > MostGatheringBytes)
            throw new LinkException($"{worker.Link.Peer.Node} describes its host in {header.PayloadBytes} bytes");
        var bytes = new byte[header.PayloadBytes];
        fixed (byte* into = bytes)
            worker.Link.ReceivePayload(into, bytes.Length);
        HostRelay relay;
        lock (gate)
        {
            if (closed || header.Term < fencedBelow)
                throw new LinkException($"{worker.Link.Peer.Node} links under term {header.Term}, which is over");
            if (current is null || current.Term < header.Term)
            {
                Retire();
                current = make(header, TensorMessageSerializer.Read<TrainingMessages.Gathering>(bytes));
            }

            relay = current;
        }

        lock (linking)
            relay.LinkOnce();
        relay.Add(worker);
        return relay;
    }

    /// <summary>Nothing of lower terms is passed on any more; when this returns, nothing reads from what they brought.</summary>
    public void RaiseTerm(long term)
    {
        lock (gate)
        {
            fencedBelow = Math.Max(fencedBelow, term);
            if (current?.Term < term)
                Retire();
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            Retire();
        }
    }

    private void Retire()
    {
        if (current is not { } old)
            return;
        current = null;
        old.Stop();
        bytesSent += old.BytesSent;
        // A link that is being made is waited for elsewhere: its deadline is not this thread's.
        new Thread(() =>
        {
            lock (linking)
                old.Dispose();
        })
        { Name = "relay of an earlier term", IsBackground = true }.Start();
    }
}
