using Distributed.Cluster.Chaos;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Serialization;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Workers;

/// <summary>
/// A worker's links to all servers and the memory behind them. The weights are two flat buffers (even and odd versions) put
/// together of the servers' own memory where it is shared and of private memory where it arrives over TCP; the gradients are
/// one shared segment that same-host servers sum straight out of.
/// </summary>
internal sealed unsafe class ServerLinks : IDisposable
{
    private readonly TrainingMessages.Connect servers;
    private readonly VersionGate gate;
    private readonly FlatFormat format;
    private readonly FlatMapping[] weights = new FlatMapping[2];
    private readonly SharedSegment gradients;
    private readonly long gradientBytes;
    private readonly List<ServerLink> links = [];
    private volatile bool closing;

    /// <summary>A link, the homes that are reached over it, and their shards, each once, in the order of the flat vector.</summary>
    private sealed record ServerLink(Link Link, LinkSender Sender, Home[] Homes, TrainingMessages.ShardDescription[] Shards, Thread Reader);

    public ServerLinks(
        Job job, TrainingMessages.Lease lease, byte[] secret, string node, ParameterLayout layout, int samples, VersionGate gate, TimeSpan handshake,
        LinkTls? tls = null)
    {
        servers = lease.Servers;
        this.gate = gate;
        Floats = layout.Length;
        format = layout.Format;
        var pieces = SlotTree.Pieces(job.Slots, lease.Slots.Contains);
        var scratch = pieces.Max(SlotTree.ScratchBuffers);
        ScratchBuffers = [.. Enumerable.Range(pieces.Count, scratch)];
        var flatBytes = MemoryPages.RoundUp(format.BytesTo(layout.Length));
        gradientBytes = flatBytes;
        gradients = SharedSegment.Create("gradients", gradientBytes * (pieces.Count + scratch));
        try
        {
            for (var parity = 0; parity < 2; parity++)
                weights[parity] = new FlatMapping(flatBytes);
            var me = new LinkIdentity(lease.Job, servers.LayoutHash, node, "worker");
            var routes = new HomeRoutes(servers, lease.Group);
            for (var i = 0; i < servers.Servers.Length; i++)
                // Over servers of this host others are reached, too.
                if (routes.Through(i) is { Length: > 0 } homes || lease.Group is null)
                    Open(i, routes.Through(i), me, job.SameHost, secret, handshake, tls);
            // Before any gradient, so that a shard knows how long an epoch is when it computes its first learning rate; and who gets the
            // weights over TCP says from which version on.
            foreach (var link in links)
            {
                if (link.Link.Kind == LinkKind.Tcp)
                    foreach (var home in link.Homes.Where(home => home.Followed))
                        link.Link.Send(new FrameHeader { Kind = FrameKind.Follow, Term = lease.Term, Shard = home.Shard.Shard });
                if (Array.Exists(link.Homes, home => home.Relayed))
                    Gather(link.Link, lease, samples);
                link.Link.Send(new FrameHeader { Kind = FrameKind.Samples, Term = lease.Term, Version = lease.FirstStep, Tag = samples });
            }

            Weights = [(nint)weights[0].Pointer, (nint)weights[1].Pointer];
            Gradients = [.. Enumerable.Range(0, pieces.Count + scratch).Select(i => (nint)(gradients.Pointer + i * gradientBytes))];
            foreach (var link in links)
                link.Reader.Start();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The length of the flat parameter vector.</summary>
    public long Floats { get; }

    /// <summary>The weights of even and of odd versions.</summary>
    public IReadOnlyList<nint> Weights { get; } = [];

    /// <summary>A buffer a piece, then the scratch buffers.</summary>
    public IReadOnlyList<nint> Gradients { get; } = [];

    public int[] ScratchBuffers { get; }

    public long BytesSent => links.Sum(link => link.Link.BytesSent);

    /// <summary>How long the slowest of its links has been sending gradients so far; zero over shared memory.</summary>
    public TimeSpan Sending => links.Max(link => link.Sender.Sending);

    /// <summary>One entry a server: its name and how it is reached.</summary>
    public string[] Describe() =>
    [
        .. links.Select(link => $"{link.Link.Peer.Node}:{(link.Link.Kind == LinkKind.SharedMemory ? "shared-memory" : link.Link.IsEncrypted ? "tcp+tls" : "tcp")}"
            + (link.Link.TcpReason is { } reason ? $" ({reason})" : "")),
    ];

    /// <summary>Whether gradients go out and weights come in shard by shard.</summary>
    public bool Streamed => servers.Streamed;

    /// <summary>How many homes of shards, from the first on, must have a version before it can be used up to float <paramref name="end"/>.</summary>
    public int HomesBefore(long end) => end >= Floats ? servers.Homes.Count : servers.Shards.Count(shard => shard.Offset < end);

    /// <summary>
    /// Tells the servers that hold the first shard what a piece's slots saw; to be called before any of the piece's gradient, with which it leaves: figures
    /// are there with whatever is committed, though this worker should die before it reports them. Of a step whose loss is not finite no gradient is sent, and
    /// nobody asks for its figures.
    /// </summary>
    public void SendFigures(long term, long step, SlotRange piece, ReadOnlySpan<ProgressMessages.SlotReport> slots)
    {
        var payload = stackalloc byte[SlotFigures.BytesOfSlot * Math.Min(slots.Length, SlotFigures.MostInFrame)];
        for (var from = 0; from < slots.Length; from += SlotFigures.MostInFrame)
        {
            var some = slots[from..Math.Min(slots.Length, from + SlotFigures.MostInFrame)];
            var header = new FrameHeader
            {
                Kind = FrameKind.Figures,
                Term = term,
                Version = step,
                FirstSlot = piece.First,
                SlotCount = piece.Count,
                PayloadBytes = SlotFigures.Encode(some, payload),
            };
            foreach (var link in links)
                if (link.Homes is [{ Shard.Shard: 0 }, ..])
                    link.Link.Send(header, payload, withNext: true);
        }
    }

    /// <summary>
    /// Tells shards that the gradient of a piece is in place, or sends it: all those that begin at floats
    /// [<paramref name="start"/>, <paramref name="end"/>), the last ones first.
    /// </summary>
    public void SendGradient(long term, long step, SlotRange piece, int buffer, long start, long end, IChaos? chaos = null)
    {
        for (var at = 0; at < links.Count; at++)
        {
            var link = links[at];
            // Half-way: some servers have theirs; a single one has nothing yet, or of a streamed gradient the figures and the shards so far.
            if (at == Math.Min(1, links.Count - 1) && (links.Count > 1 || start == 0))
                chaos?.At(ChaosPhase.WhileSending, step);
            var header = new FrameHeader
            {
                Kind = FrameKind.Gradient,
                Term = term,
                Version = step,
                Shard = FrameHeader.AllShards,
                FirstSlot = piece.First,
                SlotCount = piece.Count,
                Tag = buffer * gradientBytes,
            };
            if (link.Link.Kind == LinkKind.SharedMemory && !Streamed)
                link.Link.Send(header);
            else
                for (var i = link.Shards.Length - 1; i >= 0; i--)
                    if (link.Shards[i] is var shard && shard.Offset >= start && shard.Offset < end)
                        link.Sender.SendTensor(
                            header with { Shard = shard.Shard }, (byte*)Gradients[buffer] + format.BytesTo(shard.Offset), format.BytesOf(shard.Offset, shard.Length));
        }
    }

    public void Dispose()
    {
        closing = true;
        foreach (var link in links)
            link.Link.Abort();
        foreach (var link in links)
        {
            if (!link.Reader.ThreadState.HasFlag(ThreadState.Unstarted))
                link.Reader.Join();
            link.Sender.Dispose();
            link.Link.Dispose();
        }

        links.Clear();
        weights[0]?.Dispose();
        weights[1]?.Dispose();
        gradients.Dispose();
    }

    /// <summary>Has a server of this host pass things on.</summary>
    private static void Gather(Link link, TrainingMessages.Lease lease, int samples)
    {
        if (link.Kind != LinkKind.SharedMemory)
            throw new InvalidOperationException(
                $"{link.Peer.Node} is on this host and shares no memory with this worker ({link.TcpReason}): set transport.sum-on-hosts = false");
        var payload = TensorMessageSerializer.Write(new TrainingMessages.Gathering(lease.Servers, lease.Group!));
        fixed (byte* bytes = payload)
            link.Send(
                new FrameHeader { Kind = FrameKind.Gather, Term = lease.Term, Version = lease.FirstStep, Tag = samples, PayloadBytes = payload.Length }, bytes);
    }

    private void Open(int server, Home[] homes, LinkIdentity me, SameHost mode, byte[] secret, TimeSpan handshake, LinkTls? tls)
    {
        var description = servers.Servers[server];
        var endpoint = new DataEndpoint(description.Host, description.Port, description.UnixName, description.HostId);
        var shards = servers.PlacedAt(server);
        var link = LinkDialer.Connect(endpoint, me, secret, gradients.Offer, mode, handshake, tls);
        var sender = new LinkSender(link, Lost(link));
        var reader = new Thread(() => Read(link, homes)) { Name = $"link to {description.Node}", IsBackground = true };
        links.Add(new ServerLink(link, sender, homes, [.. homes.Select(home => home.Shard).DistinctBy(shard => shard.Shard)], reader));
        if (shards.Length > 0)
        {
            var segment = new ServerSegment(shards, format);
            for (var parity = 0; parity < 2; parity++)
                foreach (var part in segment.PartsOf(homes.Where(home => home.Followed).Select(home => home.Shard)))
                    if (link.PeerSegment is { } shared)
                        weights[parity].MapShared(part.Offset, shared.Offer, parity * segment.Bytes + part.Place, part.Bytes, writable: false);
                    else
                        weights[parity].MapPrivate(part.Offset, part.Bytes);

            var own = homes.Where(home => !home.Relayed).ToArray();
            if (link.PeerSegment is not { } announcing || own.Length == 0)
                return;
            if (!Streamed)
                gate.Watch([.. own.Select(home => home.AtGate)], new VersionWord(announcing.Pointer + segment.Announcement));
            else
                foreach (var home in own)
                    gate.Watch([home.AtGate], new VersionWord(announcing.Pointer + segment.AnnouncementOf(home.Shard.Shard)));
        }
    }

    private Action<Exception> Lost(Link link) => failure =>
    {
        if (!closing)
            gate.Fail(new LinkException($"the link to {link.Peer.Node} is lost: {failure.Message}", failure));
    };

    /// <summary>The link's thread: puts weights in place and opens the gate.</summary>
    private void Read(Link link, Home[] homes)
    {
        try
        {
            while (link.Receive(out var header))
            {
                if (header.Kind == FrameKind.Goodbye)
                    continue;
                // Of a home elsewhere the frame names the home, and the weights are in place here.
                var at = Array.FindIndex(homes, candidate => candidate.Shard.Shard == header.Shard && header.Tag == (candidate.Relayed ? candidate.Index + 1 : 0));
                if (header.Kind != FrameKind.Weights || at < 0 || (link.Kind == LinkKind.SharedMemory && !homes[at].Relayed))
                    throw new LinkException($"{link.Peer.Node} sent {header.Kind} of shard {header.Shard}, which is not its to send");
                var (shard, _, atGate, followed, relayed) = homes[at];
                followed &= !relayed;
                var bytes = followed ? format.BytesOf(shard.Offset, shard.Length) : 0;
                if (header.PayloadBytes != bytes)
                    throw new LinkException($"{link.Peer.Node} sent {header.PayloadBytes} bytes of shard {shard.Shard} instead of {bytes}");
                if (followed)
                    link.ReceivePayload(weights[header.Version & 1].Pointer + format.BytesTo(shard.Offset), bytes);
                gate.Arrived([atGate], header.Version);
            }

            Lost(link)(new LinkException($"{link.Peer.Node} closed it"));
        }
        catch (LinkException failure)
        {
            Lost(link)(failure);
        }
        catch (Exception failure)
        {
            // The top of the link's thread: the compute thread reports it.
            gate.Fail(failure);
        }
    }
}
