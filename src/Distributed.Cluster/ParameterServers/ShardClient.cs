using Distributed.Cluster.Protocol;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>Reads, and before training sets, weights and optimizer state of all shards at one version, over links of its own: Unix-domain sockets on the same host.</summary>
internal sealed unsafe class ShardClient : IDisposable
{
    /// <summary>The role of this end of the links.</summary>
    public const string Role = "coordinator";

    /// <summary>The tag of frames about weights.</summary>
    public const long Weights = 0;

    /// <summary>The tag of frames about the optimizer's state.</summary>
    public const long OptimizerState = 1;

    /// <summary>The tag of frames about both, to be kept at the server until they are read over the same link.</summary>
    public const long Keep = 2;

    private const long MostStateOverheadBytes = 1 << 20;

    private readonly TrainingMessages.Connect servers;
    private readonly List<Link> links = [];
    private readonly Timer deadline;
    private volatile bool late;

    /// <param name="within">For everything this client does; when it ends, its links are cut and what it does fails.</param>
    public ShardClient(Guid job, byte[] secret, string node, TrainingMessages.Connect servers, TimeSpan handshake, TimeSpan within, LinkTls? tls = null)
    {
        this.servers = servers;
        try
        {
            foreach (var server in servers.Servers)
                links.Add(LinkDialer.Connect(
                    new DataEndpoint(server.Host, server.Port, server.UnixName, server.HostId),
                    new LinkIdentity(job, servers.LayoutHash, node, Role), secret, null, SameHost.Auto, handshake, tls));
        }
        catch
        {
            links.ForEach(link => link.Dispose());
            throw;
        }

        deadline = new Timer(_ =>
        {
            late = true;
            links.ForEach(link => link.Abort());
        }, null, within, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        deadline.Dispose();
        links.ForEach(link => link.Dispose());
    }

    /// <summary>
    /// Has every server keep weights and optimizer state of <paramref name="version"/>, at which all shards are held, for this client: what it
    /// reads of that version then is what was kept, however far the shards have gone on.
    /// </summary>
    public void KeepAll(long version)
    {
        foreach (var shard in servers.Shards)
            OfShard(shard, version, () =>
            {
                links[shard.Server].Send(new FrameHeader { Kind = FrameKind.Fetch, Version = version, Shard = shard.Shard, Tag = Keep });
                return 0;
            });
        foreach (var shard in servers.Shards)
            OfShard(shard, version, () => Answer(shard, version, FrameKind.Acknowledge, 0, 0));
    }

    /// <summary>Copies the weights of <paramref name="version"/> of all shards to <paramref name="flat"/>.</summary>
    public void ReadWeights(long version, float* flat)
    {
        foreach (var shard in servers.Shards)
            OfShard(shard, version, () =>
            {
                var bytes = Fetch(shard, version, Weights, shard.Length * sizeof(float), shard.Length * sizeof(float));
                links[shard.Server].ReceivePayload((byte*)(flat + shard.Offset), bytes);
                return bytes;
            });
    }

    /// <summary>The optimizer's state of one shard at <paramref name="version"/>, which was kept, as the shard saved it; and its length.</summary>
    public (LentMemory Memory, long Bytes) ReadOptimizerState(TrainingMessages.ShardDescription shard, long version, SpareMemory into)
    {
        LentMemory? state = null;
        try
        {
            var bytes = OfShard(shard, version, () =>
            {
                var bytes = Fetch(shard, version, OptimizerState, 1, MostStateBytes(shard.Length));
                state = into.Lend(bytes);
                links[shard.Server].ReceivePayload(state.Pointer, bytes);
                return bytes;
            });
            return (state!, bytes);
        }
        catch
        {
            state?.Dispose();
            throw;
        }
    }

    /// <summary>Gives a shard the weights of the version at which it begins, and its optimizer's state.</summary>
    /// <exception cref="LinkException">The server did not take them.</exception>
    public void Write(TrainingMessages.ShardDescription shard, long version, float* flat, byte[] state)
    {
        try
        {
            Put(shard, version, Weights, (byte*)(flat + shard.Offset), shard.Length * sizeof(float));
            fixed (byte* bytes = state)
                Put(shard, version, OptimizerState, bytes, state.Length);
        }
        catch (LinkException failure) when (late)
        {
            throw new TimeoutException($"{servers.Servers[shard.Server].Node} did not take shard {shard.Shard} of version {version} in time", failure);
        }
    }

    /// <summary>No optimizer keeps more than two moments a weight.</summary>
    public static long MostStateBytes(long floats) => 3 * floats * sizeof(float) + MostStateOverheadBytes;

    private void Put(TrainingMessages.ShardDescription shard, long version, long tag, byte* payload, long bytes)
    {
        var link = links[shard.Server];
        link.Send(new FrameHeader { Kind = FrameKind.PutState, Version = version, Shard = shard.Shard, Tag = tag, PayloadBytes = bytes }, payload);
        if (!link.Receive(out var answer) || answer.Kind != FrameKind.Acknowledge || answer.Shard != shard.Shard || answer.Tag != tag)
            throw new LinkException($"{servers.Servers[shard.Server].Node} did not take shard {shard.Shard} of version {version}");
    }

    private long OfShard(TrainingMessages.ShardDescription shard, long version, Func<long> exchange)
    {
        try
        {
            return exchange();
        }
        catch (LinkException failure) when (late)
        {
            throw new TimeoutException($"{servers.Servers[shard.Server].Node} did not give shard {shard.Shard} of version {version} in time", failure);
        }
    }

    private long Fetch(TrainingMessages.ShardDescription shard, long version, long tag, long atLeast, long atMost)
    {
        links[shard.Server].Send(new FrameHeader { Kind = FrameKind.Fetch, Version = version, Shard = shard.Shard, Tag = tag });
        return Answer(shard, version, FrameKind.State, atLeast, atMost);
    }

    private long Answer(TrainingMessages.ShardDescription shard, long version, FrameKind kind, long atLeast, long atMost)
    {
        var name = servers.Servers[shard.Server].Node;
        if (!links[shard.Server].Receive(out var answer))
            throw new LinkException($"{name} closed the link");
        if (answer.Kind != kind || answer.Shard != shard.Shard || answer.Version != version
            || answer.PayloadBytes < atLeast || answer.PayloadBytes > atMost)
            throw new LinkException($"{name} has shard {shard.Shard} at version {answer.Version}, wanted {version} ({answer.PayloadBytes} bytes)");
        return answer.PayloadBytes;
    }
}
