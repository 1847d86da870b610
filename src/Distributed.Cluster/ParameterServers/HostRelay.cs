using Distributed.Cluster.Jobs;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// What a server passes on under one term. To servers elsewhere it is a worker: its slots are those of all workers of this host, whose gradients
/// it sums where they lie. The weights that come back it puts where these workers have them mapped, and tells them each version.
/// </summary>
internal sealed unsafe class HostRelay : IDisposable
{
    private readonly Job job;
    private readonly FlatFormat format;
    private readonly TrainingMessages.Gathering gathering;
    private readonly Func<int, long, nint?> place;
    private readonly Func<TrainingMessages.ServerDescription, Link> dial;
    private readonly Action<Exception> failed;
    private readonly long firstVersion;
    private readonly long samples;
    private readonly Dictionary<int, Passed> shards = [];
    private readonly SortedDictionary<int, Upstream> upstreams = [];
    private readonly Lock announcing = new();
    private readonly List<PeerLink> members = [];
    private readonly long[] versions;
    private volatile bool stopped;
    private bool linked;

    /// <summary>A shard that has homes elsewhere.</summary>
    private sealed class Passed(TrainingMessages.ShardDescription shard, HostPieces pieces)
    {
        public readonly TrainingMessages.ShardDescription Shard = shard;
        public readonly HostPieces Pieces = pieces;
        public readonly Dictionary<SlotRange, nint> Parts = [];
        public readonly Dictionary<SlotRange, (PrivateMemory Memory, TreeSum Plan)> Sums = [];
        public readonly List<int> Servers = [];
    }

    private sealed record Upstream(Link Link, LinkSender Sender, Thread Reader, Dictionary<int, int> HomeOfShard);

    /// <param name="job">The job.</param>
    /// <param name="header">The frame by which the term's first worker asked: term, first version, and how many samples it found.</param>
    /// <param name="gathering">The servers, and the slots of this host's workers.</param>
    /// <param name="me">This server's number among them.</param>
    /// <param name="format">How the flat vector lies in the memory of workers.</param>
    /// <param name="place">Where this host has the weights of a shard that it takes from elsewhere, of a version; null where it has a home of it.</param>
    /// <param name="dial">Links with a server elsewhere, as a relay.</param>
    /// <param name="failed">Called when a link to a server elsewhere is lost.</param>
    public HostRelay(
        Job job, in FrameHeader header, TrainingMessages.Gathering gathering, int me, FlatFormat format, Func<int, long, nint?> place,
        Func<TrainingMessages.ServerDescription, Link> dial, Action<Exception> failed)
    {
        this.job = job;
        this.gathering = gathering;
        this.format = format;
        this.place = place;
        this.dial = dial;
        this.failed = failed;
        (Term, firstVersion, samples) = (header.Term, header.Version, header.Tag);
        var homes = gathering.Servers.Homes;
        versions = [.. homes.Select(_ => -1L)];
        var relaying = RelayPlan.Relaying(gathering.Servers, gathering.Group.Servers);
        for (var i = 0; i < homes.Count; i++)
        {
            if (relaying[i] != me)
                continue;
            if (!shards.TryGetValue(homes[i].Shard, out var passed))
                shards.Add(homes[i].Shard, passed = new Passed(homes[i], new HostPieces(job.Slots, gathering.Group.Slots)));
            passed.Servers.Add(homes[i].Server);
        }
    }

    public long Term { get; }

    public long BytesSent
    {
        get
        {
            lock (announcing)
                return upstreams.Values.Sum(upstream => upstream.Link.BytesSent);
        }
    }

    /// <summary>Whether a shard has homes elsewhere that this relay serves.</summary>
    public bool Passes(int shard) => shards.ContainsKey(shard);

    /// <summary>The shard's place in the flat vector, in bytes: where it starts and how long it is.</summary>
    public (long Start, long Bytes) PlaceOf(int shard) =>
        shards[shard].Shard is var at ? (format.BytesTo(at.Offset), format.BytesOf(at.Offset, at.Length)) : default;

    /// <summary>Links with the servers elsewhere; only the first call does anything. Not while another call runs.</summary>
    /// <exception cref="LinkException">One cannot be reached, now or when another worker of this host asked; or the term is over.</exception>
    public void LinkOnce()
    {
        if (stopped)
            throw new LinkException($"what this host passed on under term {Term} is over");
        if (linked)
            return;
        linked = true;
        try
        {
            LinkAll();
        }
        catch
        {
            stopped = true;
            throw;
        }
    }

    /// <summary>A worker of this host has linked: it is told all versions from now on, and those that are there.</summary>
    public void Add(PeerLink worker)
    {
        lock (announcing)
        {
            members.Add(worker);
            for (var home = 0; home < versions.Length; home++)
                if (versions[home] >= 0)
                    Tell(worker, home, versions[home]);
        }
    }

    /// <summary>
    /// A worker's gradient of a piece for a shard is in place at an address, and stays so until the next version. The part that makes the host's
    /// piece whole has it summed and sent, on the calling thread.
    /// </summary>
    public void Offer(in FrameHeader header, nint gradient)
    {
        if (header.Term != Term || !shards.TryGetValue(header.Shard, out var passed))
            return;
        lock (passed)
        {
            if (stopped)
                return;
            var part = new SlotRange(header.FirstSlot, header.SlotCount);
            if (header.Version > passed.Pieces.Version)
                passed.Parts.Clear();
            passed.Parts[part] = gradient;
            (SlotRange Piece, SlotRange[] Parts)? whole;
            try
            {
                whole = passed.Pieces.Offer(header.Version, part);
            }
            catch (ArgumentException wrong)
            {
                throw new LinkException($"a worker of this host sent slots {part}: {wrong.Message}", wrong);
            }

            if (whole is not { } sum)
                return;
            var sent = sum.Parts.Length == 1 ? gradient : Sum(passed, sum.Piece, sum.Parts);
            var bytes = format.BytesOf(passed.Shard.Offset, passed.Shard.Length);
            foreach (var server in passed.Servers)
                upstreams[server].Sender.SendTensor(
                    header with { FirstSlot = sum.Piece.First, SlotCount = sum.Piece.Count, Tag = 0, PayloadBytes = 0 }, (void*)sent, bytes);
        }
    }

    /// <summary>Passes on what a worker's slots saw, to the homes of the first shard elsewhere; before any of their gradients.</summary>
    public void SendFigures(in FrameHeader header, byte* payload)
    {
        if (stopped || !shards.TryGetValue(0, out var first))
            return;
        foreach (var server in first.Servers)
            upstreams[server].Link.Send(header, payload);
    }

    /// <summary>When this returns, nothing reads from workers' memory any more. Does not wait for a link that is being made.</summary>
    public void Stop()
    {
        stopped = true;
        Upstream[] made;
        lock (announcing)
            made = [.. upstreams.Values];
        foreach (var upstream in made)
            upstream.Link.Abort();
        foreach (var upstream in made)
            upstream.Sender.Dispose();
        foreach (var passed in shards.Values)
            lock (passed)
            {
                // The sum in hand is over.
            }
    }

    /// <summary>Frees everything; not while <see cref="LinkOnce"/> runs.</summary>
    public void Dispose()
    {
        Stop();
        foreach (var upstream in upstreams.Values)
        {
            if (!upstream.Reader.ThreadState.HasFlag(ThreadState.Unstarted) && Thread.CurrentThread != upstream.Reader)
                upstream.Reader.Join();
            upstream.Link.Dispose();
        }

        foreach (var (memory, _) in shards.Values.SelectMany(passed => passed.Sums.Values))
            memory.Dispose();
    }

    private void LinkAll()
    {
        var homes = gathering.Servers.Homes;
        var followed = RelayPlan.Followed(gathering.Servers, gathering.Group.Servers);
        foreach (var server in shards.Values.SelectMany(passed => passed.Servers).Distinct().Order().ToArray())
        {
            var link = dial(gathering.Servers.Servers[server]);
            var here = homes.Index().Where(home => home.Item.Server == server && Passes(home.Item.Shard)).ToDictionary(home => home.Item.Shard, home => home.Index);
            var upstream = new Upstream(
                link, new LinkSender(link, Lost(link)), new Thread(() => Read(link, here)) { Name = $"relay from {link.Peer.Node}", IsBackground = true }, here);
            lock (announcing)
                upstreams.Add(server, upstream);
            foreach (var (shard, home) in here)
                if (followed.Contains(home) && place(shard, 0) is not null)
                    link.Send(new FrameHeader { Kind = FrameKind.Follow, Term = Term, Shard = shard });
            link.Send(new FrameHeader { Kind = FrameKind.Samples, Term = Term, Version = firstVersion, Tag = samples });
            upstream.Reader.Start();
        }
    }

    /// <summary>Sums parts along the tree into memory that is the piece's until its next version: by then every home has had it.</summary>
    private nint Sum(Passed passed, SlotRange piece, SlotRange[] parts)
    {
        var own = format.Of(passed.Shard.Offset, passed.Shard.Length);
        if (!passed.Sums.TryGetValue(piece, out var held))
            passed.Sums.Add(piece, held = (new PrivateMemory(own.BytesTo(passed.Shard.Length)), new TreeSum(job.Slots, piece, parts, own)));
        var into = (nint)held.Memory.Pointer;
        held.Plan.Write([.. parts.Select(part => passed.Parts[part])], passed.Shard.Length, into);
        return into;
    }

    private Action<Exception> Lost(Link link) => failure =>
    {
        if (!stopped)
            failed(new LinkException($"the link to {link.Peer.Node} is lost: {failure.Message}", failure));
    };

    /// <summary>The thread of a link from a server elsewhere: puts weights in place and tells this host's workers.</summary>
    private void Read(Link link, Dictionary<int, int> homeOfShard)
    {
        try
        {
            while (link.Receive(out var header))
            {
                if (header.Kind == FrameKind.Goodbye)
                    continue;
                if (header.Kind != FrameKind.Weights)
                    throw new LinkException($"{link.Peer.Node} sent {header.Kind}, which is not its to send");
                if (!homeOfShard.TryGetValue(header.Shard, out var home))
                {
                    // Another server of this host passes this one on.
                    link.SkipPayload(header.PayloadBytes);
                    continue;
                }

                var (_, bytes) = PlaceOf(header.Shard);
                if (header.PayloadBytes > 0)
                {
                    if (header.PayloadBytes != bytes || place(header.Shard, header.Version) is not { } into)
                        throw new LinkException($"{link.Peer.Node} sent {header.PayloadBytes} bytes of shard {header.Shard}, for which there is no place");
                    link.ReceivePayload((byte*)into, bytes);
                }

                lock (announcing)
                {
                    versions[home] = Math.Max(versions[home], header.Version);
                    foreach (var member in members)
                        Tell(member, home, header.Version);
                }
            }

            Lost(link)(new LinkException($"{link.Peer.Node} closed it"));
        }
        catch (Exception failure)
        {
            // The top of the link's thread: a broken link, or what must not end the process all the same.
            Lost(link)(failure);
        }
    }

    private void Tell(PeerLink worker, int home, long version)
    {
        try
        {
            worker.Link.Send(new FrameHeader
            {
                Kind = FrameKind.Weights,
                Term = Term,
                Version = version,
                Shard = gathering.Servers.Homes[home].Shard,
                Tag = home + 1,
            });
        }
        catch (LinkException)
        {
            // The reader of this link sees its end, too, and reports it.
            worker.Link.Abort();
        }
    }
}
