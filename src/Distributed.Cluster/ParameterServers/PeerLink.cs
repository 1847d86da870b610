using Distributed.Cluster.Chaos;
using Distributed.Cluster.Nodes;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// A server's end of one link: a thread that brings pieces to the shards and answers what readers fetch, and a sender that
/// announces weights.
/// </summary>
internal sealed unsafe class PeerLink : IDisposable
{
    private readonly IReadOnlyDictionary<int, Shard> shards;
    private readonly Action<PeerLink, FrameHeader> joined;
    private readonly SlotFigures? figures;
    private readonly NormExchange? norms;
    private readonly Action<PeerLink, Exception?> ended;
    private readonly IChaos? chaos;
    private readonly LinkSender sender;
    private readonly Thread reader;
    private readonly ReceivedGradients received;
    private readonly HostRelays? relays;
    private HostRelay? relay;
    private readonly HashSet<int> followed = [];

    /// <summary>Copies for the checkpoint that the peer writes, by shard; the link's thread has them.</summary>
    private readonly Dictionary<int, KeptShard> kept = [];
    private long term;

    /// <param name="joined">Hears of a worker, before anything else of it, how many training samples it found and from which version on it goes.</param>
    /// <param name="figures">Takes what slots saw; null where another server does.</param>
    /// <param name="norms">Takes the norms of a server's shards; null where they are not needed.</param>
    /// <param name="received">Memory for gradients that arrive over a network.</param>
    /// <param name="ended">Called once, on the link's thread, when the link is over; the exception is the peer's fault, if any.</param>
    /// <param name="relays">Pass on what workers of this host exchange with servers elsewhere; null where the job does not ask for it.</param>
    public PeerLink(
        Link link, IReadOnlyDictionary<int, Shard> shards, Action<PeerLink, FrameHeader> joined, SlotFigures? figures,
        NormExchange? norms, ReceivedGradients received, Action<PeerLink, Exception?> ended, IChaos? chaos = null,
        HostRelays? relays = null)
    {
        this.relays = relays;
        this.received = received;
        Link = link;
        this.shards = shards;
        this.joined = joined;
        this.figures = figures;
        this.norms = norms;
        this.ended = ended;
        this.chaos = chaos;
        sender = new LinkSender(link, _ => link.Abort());
        reader = new Thread(Run) { Name = $"link from {link.Peer.Node}", IsBackground = true };
    }

    public Link Link { get; }

    /// <summary>The term of a worker's leases; 0 until it has said it, and which shards it follows.</summary>
    public long Term => Volatile.Read(ref term);

    /// <summary>Set when the leases under which a worker linked are over: what becomes of the link means nothing any more.</summary>
    public volatile bool Retired;

    /// <summary>Whether it brings gradients: a worker, or the server of another host for the workers there.</summary>
    public bool IsWorker => Link.Peer.Role is "worker" or CertificateRoles.Relay;

    public bool IsServer => Link.Peer.Role == "server";

    public LinkSender Sender => sender;

    public void Start() => reader.Start();

    /// <summary>Whether the weights are in place at the peer, and their versions announced there.</summary>
    public bool SharesMemory => Link.Kind == LinkKind.SharedMemory;

    /// <summary>Sends the weights of a version of a shard, or only that there is that version to a worker that has them from elsewhere.</summary>
    public void SendWeights(Shard shard, long version, long term)
    {
        var header = new FrameHeader { Kind = FrameKind.Weights, Term = term, Version = version, Shard = shard.Range.Shard };
        try
        {
            sender.SendTensor(header, shard.Weights.Published(version), followed.Contains(shard.Range.Shard) ? shard.Weights.Bytes : 0);
        }
        catch (LinkException)
        {
            // The reader of this link sees its end, too, and reports it.
            Link.Abort();
        }
    }

    /// <summary>Ends the link's threads without waiting.</summary>
    public void Close() => Link.Abort();

    public void Dispose()
    {
        Link.Abort();
        if (reader.IsAlive && Thread.CurrentThread != reader)
            reader.Join();
        sender.Dispose();
        Link.Dispose();
        received.GiveBackAll(this);
    }

    private void Run()
    {
        Exception? cause = null;
        try
        {
            while (Link.Receive(out var header))
            {
                if (header.Kind == FrameKind.Goodbye)
                    continue;
                switch (header.Kind)
                {
                    case FrameKind.Gradient when IsWorker && header.Shard == FrameHeader.AllShards:
                        TakeGradients(header);
                        break;
                    case FrameKind.Gradient when IsWorker:
                        // A shard may have a home here and another one elsewhere.
                        if (relay is null || !relay.Passes(header.Shard) || shards.ContainsKey(header.Shard))
                            TakeGradient(ShardOf(header), header);
                        if (relay?.Passes(header.Shard) == true)
                            relay.Offer(header, (nint)InPlace(relay.PlaceOf(header.Shard), header));
                        break;
                    case FrameKind.Gather when Link.Peer.Role == CertificateRoles.Worker && Term == 0 && relay is null && relays is not null && SharesMemory:
                        relay = relays.Join(this, header);
                        break;
                    case FrameKind.Follow when IsWorker && Term == 0:
                        followed.Add(ShardOf(header).Range.Shard);
                        break;
                    case FrameKind.Samples when IsWorker && header.Tag is > 0 and <= int.MaxValue && header.Term > 0:
                        Volatile.Write(ref term, header.Term);
                        joined(this, header);
                        break;
                    case FrameKind.Figures when IsWorker && (figures is not null || relay is not null):
                        TakeFigures(header);
                        break;
                    case FrameKind.Norms when IsServer && norms is not null:
                        norms.Take(Link, header);
                        break;
                    case FrameKind.Fetch:
                        Answer(ShardOf(header), header);
                        break;
                    case FrameKind.PutState when Link.Peer.Role == ShardClient.Role:
                        TakeState(ShardOf(header), header);
                        break;
                    default:
                        throw new LinkException($"{Link.Peer} sent {header.Kind}, which is not its to send");
                }
            }
        }
        catch (Exception failure)
        {
            // The top of the link's thread: a broken link, or what went wrong here with a piece (no memory for it, say).
            cause = failure;
        }

        Link.Abort();
        foreach (var copy in kept.Values)
            copy.Dispose();
        ended(this, cause);
    }

    private Shard ShardOf(in FrameHeader header) =>
        shards.TryGetValue(header.Shard, out var shard) ? shard
            : throw new LinkException($"{Link.Peer.Node} spoke of shard {header.Shard}, which is not here");

    /// <summary>
    /// A piece is in place for all shards. Those that it completes are updated at once and at the same time: one on this thread, which is
    /// awake, the others on their own. What other homes make is taken over then, here if it is made by now.
    /// </summary>
    private void TakeGradients(in FrameHeader header)
    {
        Shard? mine = null;
        List<Shard>? followers = null;
        foreach (var shard in shards.Values)
        {
            Offer(shard, header, InPlace((shard.FirstByte, shard.Weights.Bytes), header), out var complete);
            if (!complete)
                continue;
            if (shard.Follows)
                (followers ??= []).Add(shard);
            else if (mine is null)
                mine = shard;
            else
                shard.WakeUp();
        }

        mine?.Update();
        followers?.ForEach(shard => shard.TakeOver());
    }

    private void TakeFigures(in FrameHeader header)
    {
        if (header.PayloadBytes > SlotFigures.BytesOfSlot * SlotFigures.MostInFrame || header.PayloadBytes % SlotFigures.BytesOfSlot != 0)
            throw new LinkException($"{Link.Peer.Node} sent figures of {header.PayloadBytes} bytes");
        var payload = stackalloc byte[(int)header.PayloadBytes];
        Link.ReceivePayload(payload, header.PayloadBytes);
        if (!Retired)
            relay?.SendFigures(header, payload);
        // Of a retired link, too: the gradient that follows is taken as long as its shards have not heard of the new term.
        if (figures?.Add(header.Version, new ReadOnlySpan<byte>(payload, (int)header.PayloadBytes)) == false)
            throw new LinkException($"{Link.Peer.Node} sent figures of slots that the job has not");
    }

    private void TakeGradient(Shard shard, in FrameHeader header)
    {
        var piece = new SlotRange(header.FirstSlot, header.SlotCount);
        var verdict = shard.Judge(header.Term, header.Version, piece);
        if (verdict != Verdict.Accepted)
        {
            Link.SkipPayload(header.PayloadBytes);
            Check(verdict, shard, header);
            return;
        }

        // The next shard's gradient follows: this thread receives it while the shard's own does the update.
        var gradient = SharesMemory ? InPlace((shard.FirstByte, shard.Weights.Bytes), header) : Receive(shard, header);
        if (Offer(shard, header, gradient, out var complete) != Verdict.Accepted)
            received.GiveBack((nint)gradient);
        if (complete)
            shard.WakeUp();
    }

    private Verdict Offer(Shard shard, in FrameHeader header, byte* gradient, out bool complete) => Check(
        shard.Offer(header.Term, header.Version, new SlotRange(header.FirstSlot, header.SlotCount), gradient, out complete), shard, header);

    private Verdict Check(Verdict verdict, Shard shard, in FrameHeader header)
    {
        if (verdict is Verdict.LaterVersion or Verdict.NotInTree)
            throw new LinkException(
                $"{Link.Peer.Node} sent {header.SlotCount} slots from {header.FirstSlot} on of version {header.Version} while shard {shard.Range.Shard} is at {shard.Version}: {verdict}");
        return verdict;
    }

    private byte* InPlace((long Start, long Bytes) place, in FrameHeader header)
    {
        if (Link.PeerSegment is not { } segment || header.PayloadBytes != 0 || header.Tag < 0 || (header.Tag & 63) != 0
            || header.Tag > segment.Bytes - place.Start - place.Bytes)
            throw new LinkException($"{Link.Peer.Node} points outside of its own memory ({header.Tag})");
        return segment.Pointer + header.Tag + place.Start;
    }

    private byte* Receive(Shard shard, in FrameHeader header)
    {
        var bytes = shard.Weights.Bytes;
        if (header.PayloadBytes != bytes)
            throw new LinkException($"{Link.Peer.Node} sent {header.PayloadBytes} bytes for shard {shard.Range.Shard} instead of {bytes}");
        var memory = received.Take(bytes, this);
        Link.ReceivePayload(memory, bytes);
        return memory;
    }

    /// <summary>
    /// Answers a fetch: tag 0 asks for the weights of a version, tag 1 for the optimizer's state at it, tag 2 for both to be kept here until
    /// they are asked for, however far the shard has gone on by then.
    /// </summary>
    private void Answer(Shard shard, in FrameHeader header)
    {
        chaos?.At(ChaosPhase.WhileCheckpointing, header.Version);
        var answer = header with { Kind = FrameKind.State, PayloadBytes = 0 };
        if (header.Tag == ShardClient.Keep && Keep(shard, header.Version))
            Link.Send(answer with { Kind = FrameKind.Acknowledge });
        else if (header.Tag == ShardClient.Weights && KeptOf(shard, header.Version) is { } whole)
            Link.Send(answer with { PayloadBytes = shard.Range.Length * sizeof(float) }, whole.Weights.Pointer);
        else if (header.Tag == ShardClient.OptimizerState && KeptOf(shard, header.Version) is { } moments)
            Link.Send(answer with { PayloadBytes = moments.StateBytes }, moments.State.Pointer);
        else if (header.Tag == ShardClient.Weights && shard.Version == header.Version)
            Link.Send(answer with { PayloadBytes = shard.Range.Length * sizeof(float) }, (byte*)shard.Weights.Master(header.Version));
        else
            // Nothing to give at that version: an answer without payload, under the version that the shard has.
            Link.Send(answer with { Version = shard.Version });
    }

    private bool Keep(Shard shard, long version)
    {
        if (kept.Remove(shard.Range.Shard, out var former))
            former.Dispose();
        if (shard.Keep(version) is not { } copy)
            return false;
        kept[shard.Range.Shard] = copy;
        return true;
    }

    private KeptShard? KeptOf(Shard shard, long version)
    {
        if (!kept.TryGetValue(shard.Range.Shard, out var copy) || copy.Version != version)
            return null;
        // Nobody waits for what is sent from here on.
        Background.Enter();
        return copy;
    }

    /// <summary>Takes what a checkpoint holds of a shard, before training: tag 0 is the weights, tag 1 the optimizer's state.</summary>
    private void TakeState(Shard shard, in FrameHeader header)
    {
        var bytes = header.PayloadBytes;
        if (header.Version == shard.Version && header.Tag == ShardClient.Weights && bytes == shard.Range.Length * sizeof(float))
        {
            Link.ReceivePayload((byte*)shard.Weights.Master(header.Version), bytes);
            shard.Weights.Publish(header.Version);
        }
        else if (header.Tag == ShardClient.OptimizerState && bytes > 0 && bytes <= ShardClient.MostStateBytes(shard.Range.Length))
        {
            var state = new byte[bytes];
            fixed (byte* into = state)
                Link.ReceivePayload(into, bytes);
            shard.LoadOptimizerState(header.Version, state);
        }
        else
        {
            throw new LinkException($"{Link.Peer.Node} gave {bytes} bytes of version {header.Version} to shard {shard.Range.Shard} at {shard.Version}");
        }

        Link.Send(header with { Kind = FrameKind.Acknowledge, PayloadBytes = 0 });
    }
}
