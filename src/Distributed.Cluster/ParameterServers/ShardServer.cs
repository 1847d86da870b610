using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using Distributed.Cluster.Chaos;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;
using Distributed.Learning;
using Distributed.Transport;
using TorchSharp;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// One server node's part in a job: its shards, their weights in a segment that same-host workers map, and the links through
/// which gradients come and weights go.
/// </summary>
internal sealed unsafe class ShardServer : IDisposable
{
    private readonly Job job;
    private readonly TrainingMessages.Serve order;
    private readonly LinkIdentity me;
    private readonly TimeSpan handshake;
    private readonly Action<Exception, long, bool> failed;
    private readonly IChaos? chaos;
    private readonly LinkTls? tls;
    private readonly SlotFigures? figures;
    private readonly SharedSegment weights;
    private readonly VersionWord shared;
    private readonly Dictionary<int, VersionWord> announcements;
    private readonly ReceivedGradients received;
    private readonly LinkListener? listener;
    private readonly Dictionary<int, Shard> shards = [];
    private readonly SecondHomes followed;
    private readonly WeightsOrder weightsOrder;
    private readonly ConcurrentDictionary<Link, PeerLink> peers = new();
    private readonly NormExchange? norms;
    private readonly HostRelays? relays;
    private volatile LearningRateSchedule? learningRates;
    private volatile StrongBox<double>? rate;
    private readonly Lock linking = new();
    private bool linked;
    private long bytesSent;
    private long announced;
    private readonly RetiredLinks retired;
    private long term;
    private volatile bool closing;

    /// <param name="listenOn">The address of the data plane.</param>
    /// <param name="port">Its port; 0 takes a free one.</param>
    /// <param name="refused">Hears of connections that did not become links.</param>
    /// <param name="failed">
    /// Hears of what went wrong, from any thread: the term of the leases under which it did, and whether this server is in order all the same.
    /// </param>
    public ShardServer(
        Job job, TrainingMessages.Serve order, string node, string listenOn, int port, Deadlines deadlines, Action<LinkRefusal> refused,
        Action<Exception, long, bool> failed, IChaos? chaos = null, LinkTls? tls = null)
    {
        this.job = job;
        this.order = order;
        handshake = deadlines.Handshake;
        rate = order.Rate is { } known ? new StrongBox<double>(known) : null;
        me = new LinkIdentity(order.Job, order.LayoutHash, node, "server");
        this.failed = failed;
        this.chaos = chaos;
        this.tls = tls;
        term = order.Term;
        retired = new RetiredLinks(peer => Interlocked.Add(ref bytesSent, peer.Link.BytesSent));
        figures = order.Shards.Any(shard => shard.Shard == 0) ? new SlotFigures(job.Slots) : null;
        torch.set_num_threads(1);
        using var module = job.Model.Build(job.Seed);
        var layout = ParameterLayout.Of(module, job.Precision);
        if (!layout.Hash.AsSpan().SequenceEqual(order.LayoutHash))
            throw new InvalidOperationException("the parameters built here are laid out otherwise than the coordinator's: the nodes run different versions of the program");

        var segment = new ServerSegment([.. order.Shards.Concat(order.Relayed ?? []).OrderBy(shard => shard.Offset)], layout.Format, job.Optimizer);
        if (job.Optimizer.NormExchanges > 0)
            norms = new NormExchange(
                new NormBlocks(layout), job.Optimizer.NormExchanges, order.Version, new StepTimes(deadlines.StepFloor, deadlines.StepFactor), node,
                order.Shards);
        weights = SharedSegment.Create("weights", segment.BytesInAll);
        if (job.SumsOnHosts)
            relays = new HostRelays((header, gathering) => Relay(header, gathering, layout.Format, segment));
        shared = new VersionWord(weights.Pointer + segment.Announcement);
        shared.Publish(order.Version);
        announcements = order.Shards.ToDictionary(
            shard => shard.Shard, shard => new VersionWord(weights.Pointer + segment.AnnouncementOf(shard.Shard)));
        foreach (var announcement in announcements.Values)
            announcement.Publish(order.Version);
        received = new ReceivedGradients(segment.Bytes);
        followed = new SecondHomes(shards, layout.Format, job.Optimizer);
        weightsOrder = new WeightsOrder([.. order.Shards.Select(shard => shard.Shard)], order.Version);
        try
        {
            Fill(module, layout, segment);
            var address = IPAddress.TryParse(listenOn, out var parsed) ? parsed : Dns.GetHostAddresses(listenOn)[0];
            listener = new LinkListener(node, address, port, Accept, refused, listenOn, handshake, tls);
            listener.Register(new LinkExpectation(me, order.Secret, weights.Offer));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public DataEndpoint Endpoint => listener!.Endpoint;

    public long BytesSent => Interlocked.Read(ref bytesSent) + peers.Keys.Sum(link => link.BytesSent) + (relays?.BytesSent ?? 0);

    /// <summary>How this part stands, from any thread.</summary>
    public Monitoring.ServerFigures Figures => new(
        shards.Count, shards.Values.Min(shard => shard.Version), shards.Values.Sum(shard => shard.Weights.Bytes),
        shards.Values.Max(shard => job.Slots - shard.Missing.Count),
        [.. peers.Keys.Select(link => new Monitoring.LinkFigures(link.Peer.Node, link.Kind == LinkKind.SharedMemory ? "shared-memory" : "tcp", link.BytesSent, link.BytesReceived))]);

    public IReadOnlyCollection<Shard> Shards => shards.Values;

    /// <summary>The lowest version of its shards, and the slots that the next update there waits for.</summary>
    public (long Version, int[] Missing) Progress =>
        // What waits for another server lags by that one's fault.
        shards.Values.OrderBy(shard => shard.AwaitsFirstHome).ThenBy(shard => shard.Version).FirstOrDefault() is { } last
            ? (last.Version, [.. last.Missing]) : (order.Version, []);

    /// <summary>
    /// From here on nothing of lower terms is taken, and the links that workers made under them are closed. An update that is due or under way
    /// is finished; until then the memory stays from which it reads.
    /// </summary>
    /// <param name="newTerm">The term.</param>
    /// <param name="servers">The servers that the job has: whoever is none of them any more may link or not, as it likes.</param>
    /// <returns>Where the shards stand.</returns>
    public TrainingMessages.ShardVersion[] RaiseTerm(long newTerm, IReadOnlyCollection<string> servers)
    {
        Volatile.Write(ref term, newTerm);
        // Before the memory goes from which it reads.
        relays?.RaiseTerm(newTerm);
        var ended = peers.Values.Where(peer => peer.IsWorker && peer.Term < newTerm).ToArray();
        foreach (var peer in ended)
        {
            peer.Retired = true;
            peer.Close();
            peers.TryRemove(peer.Link, out _);
        }

        foreach (var peer in peers.Values.Where(peer => peer.IsServer && !servers.Contains(peer.Link.Peer.Node)))
        {
            // It may be alive, and cut off: nothing may wait for its socket, and its end is no loss.
            peer.Retired = true;
            norms?.Leave(peer);
            peer.Close();
        }

        followed.LeaveAllBut(servers);
        norms?.Wait(true);
        var stands = shards.Values.Select(shard => (Shard: shard, At: shard.RaiseTerm(newTerm))).ToArray();
        retired.Add(ended, [.. stands.Where(shard => shard.At.Due).Select(shard => (shard.Shard, shard.At.Version))]);
        return [.. stands.Select(shard => new TrainingMessages.ShardVersion(shard.Shard.Range.Shard, shard.At.Version, shard.At.Due))];
    }

    /// <summary>Takes over what evaluations have made of the base rate; the next update has it.</summary>
    public void SetRate(double reduced) => rate = new StrongBox<double>(reduced);

    /// <summary>
    /// What slots saw in the steps that the first shard has committed, or will whatever comes, and nobody has written down; empty where that
    /// shard is elsewhere.
    /// </summary>
    public IReadOnlyList<ProgressMessages.StepReport> FiguresFrom(long recordedBelow, TrainingMessages.ShardVersion[] stands)
    {
        if (figures is null)
            return [];
        figures.Forget(recordedBelow);
        var first = Array.Find(stands, shard => shard.Shard == 0)!;
        return figures.Below(first.Version + (first.Due ? 1 : 0));
    }

    /// <summary>All steps below this one are written down.</summary>
    public void Forget(long recordedBelow) => figures?.Forget(recordedBelow);

    /// <summary>
    /// Links this server with the others whose shards it exchanges norms with: of two servers, the later one dials; and maps the first homes of
    /// its shards where they share theirs. Blocks; only the first call does anything.
    /// </summary>
    public void LinkServers(TrainingMessages.Connect servers)
    {
        lock (linking)
        {
            if (linked)
                return;
            linked = true;
            followed.Map(servers, me.Node, server => LinkDialer.Connect(
                new DataEndpoint(server.Host, server.Port, server.UnixName, server.HostId), me with { Role = CertificateRoles.SecondHome }, order.Secret, null,
                SameHost.Auto, handshake, tls));
            if (norms is null)
                return;
            norms.Expect(servers);
            foreach (var other in servers.Servers.TakeWhile(server => server.Node != me.Node && !closing))
                Accept(LinkDialer.Connect(
                    new DataEndpoint(other.Host, other.Port, other.UnixName, other.HostId), me, order.Secret, null, SameHost.Tcp, handshake, tls));
        }
    }

    public void Dispose()
    {
        closing = true;
        // No shard waits for norms any more, and no link is made.
        norms?.Close();
        followed.Close();
        relays?.Dispose();
        listener?.Dispose();
        lock (linking)
        {
            // The links to other servers are made.
        }

        foreach (var peer in peers.Values)
            peer.Close();
        // Shards sum out of the memory of links, and links call shards: first all threads end, then the memory goes.
        foreach (var shard in shards.Values)
            shard.Stop();
        foreach (var peer in peers.Values)
            peer.Dispose();
        retired.Dispose();
        foreach (var shard in shards.Values)
            shard.Dispose();
        followed.Dispose();
        norms?.Dispose();
        received.Dispose();
        weights.Dispose();
    }

    /// <summary>Makes the shards with their first weights.</summary>
    private void Fill(torch.nn.Module<torch.Tensor, torch.Tensor> module, ParameterLayout layout, ServerSegment segment)
    {
        foreach (var description in order.Shards)
        {
            var place = segment.PlaceOf(description.Shard);
            var statistics = new ShardStatistics(layout, description.Offset, description.Length);
            var optimizer = new ShardOptimizer(job.Optimizer, layout, description.Offset, description.Length - statistics.Floats);
            var held = new ShardWeights(
                layout.Format.Of(description.Offset, description.Length), description.Length, weights.Pointer + place, weights.Pointer + segment.Bytes + place);
            if (description.Shared)
            {
                var (even, odd) = segment.MomentsOf(description.Shard);
                optimizer.KeepMomentsIn(new MomentBuffers((nint)weights.Pointer + (nint)even, (nint)weights.Pointer + (nint)odd));
            }

            var whole = description.Shared ? new VersionWord(weights.Pointer + segment.WholeOf(description.Shard)) : null;
            whole?.Publish(order.Version);
            ModelReplica.CopyInitialWeights(module, layout, (nint)held.Master(order.Version), description.Offset, description.Length);
            held.Publish(order.Version);
            shards.Add(description.Shard, new Shard(
                new ShardRange(description.Shard, description.Server, description.Offset, description.Length), layout.Format.BytesTo(description.Offset),
                job.Slots, order.Version, order.Term, optimizer, statistics, LearningRate, norms, held, Announce, cause => failed(cause, 0, false), received.GiveBack, whole));
        }
    }

    /// <summary>Makes what passes on the gradients of this host's workers to servers elsewhere, and weights from there.</summary>
    private HostRelay Relay(in FrameHeader header, TrainingMessages.Gathering gathering, FlatFormat format, ServerSegment segment)
    {
        var of = header.Term;
        var placed = (order.Relayed ?? []).Select(shard => shard.Shard).ToHashSet();
        return new HostRelay(
            job, header, gathering, Array.FindIndex(gathering.Servers.Servers, server => server.Node == me.Node), format,
            (shard, version) => placed.Contains(shard) ? (nint)weights.Pointer + (nint)(((version & 1) * segment.Bytes) + segment.PlaceOf(shard)) : null,
            server => LinkDialer.Connect(
                new DataEndpoint(server.Host, server.Port, server.UnixName, server.HostId), me with { Role = CertificateRoles.Relay }, order.Secret, null,
                SameHost.Tcp, handshake, tls),
            cause => failed(cause, of, true));
    }

    private void Accept(Link link)
    {
        var peer = new PeerLink(link, shards, Join, figures, norms, received, PeerEnded, chaos, relays);
        peers[link] = peer;
        if (closing)
        {
            peer.Dispose();
            return;
        }

        if (peer.IsServer)
            norms?.Join(peer);
        peer.Start();
    }

    /// <summary>
    /// A worker begins. Over TCP it is sent at once the version from which it goes on and, where a shard is ahead of others, the one after;
    /// later versions follow as they are committed.
    /// </summary>
    private void Join(PeerLink peer, FrameHeader header)
    {
        if (header.Term < Volatile.Read(ref term))
        {
            // It linked while its term ended.
            peer.Retired = true;
            throw new LinkException($"{peer.Link.Peer.Node} links under term {header.Term}, which is over");
        }

        learningRates ??= job.LearningRates((int)header.Tag);
        norms?.Wait(false);
        if (peer.SharesMemory)
            return;
        for (var version = header.Version; version <= header.Version + 1; version++)
            foreach (var shard in shards.Values)
                if (version <= shard.Version)
                    peer.SendWeights(shard, version, header.Term);
    }

    // An update needs gradients, and every worker says how many samples there are before it sends one.
    private double LearningRate(long version)
    {
        chaos?.At(ChaosPhase.BeforeCommit, version);
        return (learningRates ?? throw new InvalidOperationException("no worker has said how many samples it trains on")).At(version, rate?.Value);
    }

    private void Announce(Shard shard, long version)
    {
        chaos?.At(ChaosPhase.BeforeAnnouncing, version - 1);
        weightsOrder.Committed(shard.Range.Shard, version, Publish);
        // A worker that needs all shards' weights to begin: no shard goes on before it has begun, so the last one here speaks for all.
        if (Interlocked.Increment(ref announced) % shards.Count == 0)
            shared.Publish(version);
        retired.Free();
    }

    /// <summary>
    /// Sends a shard's new weights to workers on other hosts; those on this one may begin with them when the others are about to have them. One
    /// that began sooner would send gradients through the cable that the others' weights still have to pass: they would begin later each
    /// time, until the cable's two directions work in turn instead of at once.
    /// </summary>
    private void Publish(int shard, long version)
    {
        List<PeerLink>? others = null;
        foreach (var (link, peer) in peers)
            // Whoever has not said yet what it wants is sent this version when it does.
            if (peer is { IsWorker: true, SharesMemory: false, Term: > 0 } && !link.IsClosed)
                (others ??= []).Add(peer);
        if (others is null)
            announcements[shard].Publish(version);
        else
            SendAndPublish(others, shard, version);
    }

    private void SendAndPublish(List<PeerLink> others, int shard, long version)
    {
        var left = others.Count;
        foreach (var peer in others)
        {
            peer.SendWeights(shards[shard], version, peer.Term);
            peer.Sender.AfterSent(() =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                    announcements[shard].Publish(version);
            });
        }
    }

    /// <summary>A peer's link is over: on purpose, by the peer's death, or (with a cause) by its fault.</summary>
    private void PeerEnded(PeerLink peer, Exception? cause)
    {
        if (closing || peer.Retired)
            return;
        if (!peer.IsWorker && !peer.IsServer)
        {
            Interlocked.Add(ref bytesSent, peer.Link.BytesSent);
            peers.TryRemove(peer.Link, out _);
            peer.Dispose();
            // Its end is its own affair; what went wrong here is not.
            if (cause is not null and not LinkException)
                failed(cause, 0, false);
            return;
        }

        // What a worker has sent may be in the middle of a sum: its memory stays until the term is raised or this server ends. Without its
        // link to another server this one can't make an update that needs norms; without a worker's it is in order.
        if (peer.IsServer)
            norms?.Leave(peer);
        if (cause is null or LinkException)
            failed(
                new LinkException($"the link from {peer.Link.Peer.Node} is lost: {cause?.Message ?? "it was closed"}", cause),
                peer.IsWorker ? peer.Term : Volatile.Read(ref term), peer.IsWorker);
        else
            failed(cause, 0, false);
    }
}
