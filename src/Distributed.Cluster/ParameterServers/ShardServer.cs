using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
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
    private readonly Action<Exception> failed;
    private readonly SharedSegment weights;
    private readonly VersionWord shared;
    private readonly LinkListener? listener;
    private readonly Dictionary<int, Shard> shards = [];
    private readonly WeightsOrder weightsOrder;
    private readonly ConcurrentDictionary<Link, PeerLink> peers = new();
    private readonly NormExchange? norms;
    private volatile LearningRateSchedule? learningRates;
    private volatile StrongBox<double>? rate;
    private readonly Lock linking = new();
    private bool linked;
    private long bytesSent;
    private long announced;
    private volatile bool closing;

    /// <param name="listenOn">The address of the data plane.</param>
    /// <param name="port">Its port; 0 takes a free one.</param>
    /// <param name="refused">Hears of connections that did not become links.</param>
    /// <param name="failed">Hears of what ends this server's part in the job, from any of its threads.</param>
    public ShardServer(
        Job job, TrainingMessages.Serve order, string node, string listenOn, int port, Deadlines deadlines, Action<string> refused,
        Action<Exception> failed)
    {
        this.job = job;
        this.order = order;
        handshake = deadlines.Handshake;
        rate = order.Rate is { } known ? new StrongBox<double>(known) : null;
        me = new LinkIdentity(order.Job, order.LayoutHash, node, "server");
        this.failed = failed;
        torch.set_num_threads(1);
        using var module = job.Model.Build(job.Seed);
        var layout = ParameterLayout.Of(module, job.Precision);
        if (!layout.Hash.AsSpan().SequenceEqual(order.LayoutHash))
            throw new InvalidOperationException("the parameters built here are laid out otherwise than the coordinator's: the nodes run different versions of the program");

        var segment = new ServerSegment(order.Shards, layout.Format);
        if (job.Optimizer.NormExchanges > 0)
            norms = new NormExchange(
                new NormBlocks(layout), job.Optimizer.NormExchanges, order.Version, new StepTimes(deadlines.StepFloor, deadlines.StepFactor), node,
                order.Shards);
        weights = SharedSegment.Create("weights", 2 * segment.Bytes + VersionWord.Bytes);
        shared = new VersionWord(weights.Pointer + 2 * segment.Bytes);
        shared.Publish(order.Version);
        weightsOrder = new WeightsOrder([.. order.Shards.Select(shard => shard.Shard)], order.Version);
        try
        {
            Fill(module, layout, segment);
            var address = IPAddress.TryParse(listenOn, out var parsed) ? parsed : Dns.GetHostAddresses(listenOn)[0];
            listener = new LinkListener(node, address, port, Accept, refusal => refused(refusal.Reason), listenOn, handshake);
            listener.Register(new LinkExpectation(me, order.Secret, weights.Offer));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public DataEndpoint Endpoint => listener!.Endpoint;

    public long BytesSent => Interlocked.Read(ref bytesSent) + peers.Keys.Sum(link => link.BytesSent);

    /// <summary>How this part stands, from any thread.</summary>
    public Monitoring.ServerFigures Figures => new(
        shards.Count, shards.Values.Min(shard => shard.Version), shards.Values.Sum(shard => shard.Weights.Bytes),
        shards.Values.Max(shard => job.Slots - shard.Missing.Count),
        [.. peers.Keys.Select(link => new Monitoring.LinkFigures(link.Peer.Node, link.Kind == LinkKind.SharedMemory ? "shared-memory" : "tcp", link.BytesSent, link.BytesReceived))]);

    public IReadOnlyCollection<Shard> Shards => shards.Values;

    public void RaiseTerm(long term)
    {
        foreach (var shard in shards.Values)
            shard.RaiseTerm(term);
    }

    /// <summary>Takes over what evaluations have made of the base rate; the next update has it.</summary>
    public void SetRate(double reduced) => rate = new StrongBox<double>(reduced);

    /// <summary>
    /// Links this server with the others whose shards it exchanges norms with: of two servers, the later one dials. Blocks; only the
    /// first call does anything.
    /// </summary>
    public void LinkServers(TrainingMessages.Connect servers)
    {
        lock (linking)
        {
            if (norms is null || linked)
                return;
            linked = true;
            norms.Expect(servers);
            foreach (var other in servers.Servers.TakeWhile(server => server.Node != me.Node && !closing))
                Accept(LinkDialer.Connect(
                    new DataEndpoint(other.Host, other.Port, other.UnixName, other.HostId), me, order.Secret, null, SameHost.Tcp, handshake));
        }
    }

    public void Dispose()
    {
        closing = true;
        // No shard waits for norms any more, and no link is made.
        norms?.Close();
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
        foreach (var shard in shards.Values)
            shard.Dispose();
        norms?.Dispose();
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
            ModelReplica.CopyInitialWeights(module, layout, (nint)held.Master(order.Version), description.Offset, description.Length);
            held.Publish(order.Version);
            shards.Add(description.Shard, new Shard(
                new ShardRange(description.Shard, description.Server, description.Offset, description.Length), layout.Format.BytesTo(description.Offset),
                job.Slots, order.Version, order.Term, optimizer, statistics, LearningRate, norms, held, Announce, failed));
        }
    }

    private void Accept(Link link)
    {
        var peer = new PeerLink(link, shards, samples => learningRates ??= job.LearningRates(samples), norms, PeerEnded);
        peers[link] = peer;
        if (closing)
        {
            peer.Dispose();
            return;
        }

        // Whoever joins over TCP is sent at once what each shard has; later versions follow as they are committed.
        if (peer.IsWorker && !peer.SharesMemory)
            foreach (var shard in shards.Values)
                peer.SendWeights(shard, shard.Version, order.Term);
        if (peer.IsServer)
            norms?.Join(peer);
        peer.Start();
    }

    // An update needs gradients, and every worker says how many samples there are before it sends one.
    private double LearningRate(long version) =>
        (learningRates ?? throw new InvalidOperationException("no worker has said how many samples it trains on")).At(version, rate?.Value);

    private void Announce(Shard shard, long version)
    {
        weightsOrder.Committed(shard.Range.Shard, version, (turn, of) =>
        {
            foreach (var peer in peers.Values)
                if (peer.IsWorker && !peer.SharesMemory && !peer.Link.IsClosed)
                    peer.SendWeights(shards[turn], of, order.Term);
        });
        // A worker needs all shards' weights to begin, and no shard goes on before it has begun: the last one here speaks for all.
        if (Interlocked.Increment(ref announced) % shards.Count == 0)
            shared.Publish(version);
    }

    /// <summary>A peer's link is over: on purpose, by the peer's death, or (with a cause) by its fault.</summary>
    private void PeerEnded(PeerLink peer, Exception? cause)
    {
        if (closing)
            return;
        if (!peer.IsWorker && !peer.IsServer)
        {
            Interlocked.Add(ref bytesSent, peer.Link.BytesSent);
            peers.TryRemove(peer.Link, out _);
            peer.Dispose();
            // Its end is its own affair; what went wrong here is not.
            if (cause is not null and not LinkException)
                failed(cause);
            return;
        }

        // What a worker has sent may be in the middle of a sum: its memory stays until this server ends.
        failed(cause is null or LinkException
            ? new LinkException($"the link from {peer.Link.Peer.Node} is lost: {cause?.Message ?? "it was closed"}", cause)
            : cause);
    }
}
