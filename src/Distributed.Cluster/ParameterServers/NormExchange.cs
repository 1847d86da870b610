using System.Diagnostics;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Where the shards of one server wait for the norms of all shards of the job. Shards of this server meet in memory; those of
/// others send their sums over a link from server to server. Every shard then adds the same numbers in the same order, so all get
/// the same norms to the bit.
/// </summary>
/// <remarks>
/// Two rounds are held: nobody enters a round before all have entered the one before it, so whoever is still reading an old round
/// keeps the round after the next from beginning, and what is queued to be sent stays in place until it has arrived.
/// </remarks>
internal sealed unsafe class NormExchange : IDisposable
{
    private const int MostKinds = 2;

    private readonly object sync = new();
    private readonly NormBlocks blocks;
    private readonly int roundsPerUpdate;
    private readonly StepTimes times;
    private readonly Round[] held;
    private readonly List<PeerLink> peers = [];
    private readonly List<(int Shard, string Node)> expected;
    private long newest;
    private Exception? end;
    private bool patient;
    private long deadlineFrom;

    private readonly record struct Contribution(int Shard, int First, int Count, bool Own);

    private sealed class Round(long bytes) : IDisposable
    {
        private readonly PrivateMemory memory = new(bytes);

        public long Number = -1;
        public int Kinds;
        public int PartsIn;

        public List<Contribution> In { get; } = [];

        /// <summary>A shard's sums lie together, kind after kind, from place kinds · first on.</summary>
        public double* At(int first) => (double*)memory.Pointer + (long)Kinds * first;

        public void Dispose() => memory.Dispose();
    }

    /// <param name="blocks">The parts of the flat vector.</param>
    /// <param name="roundsPerUpdate">How many exchanges an update makes.</param>
    /// <param name="version">The version that the first update starts from.</param>
    /// <param name="times">From which the deadlines of the waits follow.</param>
    /// <param name="node">This server.</param>
    /// <param name="shards">Its shards.</param>
    public NormExchange(
        NormBlocks blocks, int roundsPerUpdate, long version, StepTimes times, string node, IEnumerable<TrainingMessages.ShardDescription> shards)
    {
        this.blocks = blocks;
        this.roundsPerUpdate = roundsPerUpdate;
        this.times = times;
        newest = version * roundsPerUpdate - 1;
        expected = [.. shards.Select(shard => (shard.Shard, node))];
        held = [new Round((long)MostKinds * blocks.Count * sizeof(double)), new Round((long)MostKinds * blocks.Count * sizeof(double))];
    }

    /// <summary>Names the shards of all servers, for messages.</summary>
    public void Expect(TrainingMessages.Connect servers)
    {
        lock (sync)
        {
            expected.Clear();
            expected.AddRange(servers.Shards.Select(shard => (shard.Shard, servers.Servers[shard.Server].Node)));
        }
    }

    /// <summary>Another server is linked: it is sent what is held here of this server's shards, and all that follows.</summary>
    public void Join(PeerLink peer)
    {
        lock (sync)
        {
            peers.Add(peer);
            foreach (var round in held.OrderBy(round => round.Number))
                foreach (var contribution in round.In)
                    if (contribution.Own)
                        Send(peer, round, contribution);
        }
    }

    /// <summary>A server is not linked any more.</summary>
    public void Leave(PeerLink peer)
    {
        lock (sync)
            peers.Remove(peer);
    }

    /// <summary>The exchanges of one shard in the update of one version.</summary>
    public INormExchange Of(int shard, long version) => new Turn(this, shard, version * roundsPerUpdate);

    /// <summary>Takes the sums of another server's shard; called on the link's thread.</summary>
    /// <exception cref="LinkException">The frame does not fit, or the link breaks.</exception>
    public void Take(Link link, in FrameHeader header)
    {
        var (first, count, number) = (header.Tag, header.SlotCount, header.Version * roundsPerUpdate + header.FirstSlot);
        var kinds = count == 0 ? 1 : header.PayloadBytes / ((long)count * sizeof(double));
        if (first < 0 || first > blocks.Count - count || kinds is < 1 or > MostKinds || header.PayloadBytes != kinds * count * sizeof(double)
            || header.FirstSlot >= roundsPerUpdate)
            throw new LinkException($"{link.Peer.Node} sent norms of parts {first} to {first + count} in {header.PayloadBytes} bytes");
        var contribution = new Contribution(header.Shard, (int)first, count, Own: false);
        Round? round;
        lock (sync)
        {
            round = Enter(number, (int)kinds, link.Peer.Node);
            if (round is not null && round.In.Exists(known => known.Shard == contribution.Shard))
                round = null;
        }

        // Of a round that is over, or given already: a server that was linked anew says again what it had said.
        if (round is null)
        {
            link.SkipPayload(header.PayloadBytes);
            return;
        }

        link.ReceivePayload((byte*)round.At(contribution.First), header.PayloadBytes);
        lock (sync)
            Add(round, contribution);
    }

    /// <summary>
    /// Whether deadlines stand still: while slots are leased anew, shards whose gradients are all in wait for those of the others. When work
    /// goes on, deadlines begin anew.
    /// </summary>
    public void Wait(bool withoutDeadline)
    {
        lock (sync)
        {
            if (patient && !withoutDeadline)
                deadlineFrom = Environment.TickCount64;
            patient = withoutDeadline;
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Ends all waits, now and from now on.</summary>
    public void Close()
    {
        lock (sync)
        {
            end ??= new OperationCanceledException("the shards were stopped");
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Frees the rounds. Call it when no shard and no link uses them any more.</summary>
    public void Dispose()
    {
        Close();
        foreach (var round in held)
            round.Dispose();
    }

    private void Complete(long number, int shard, double[] sums, int kinds, int first, int count)
    {
        var started = Stopwatch.GetTimestamp();
        lock (sync)
        {
            var round = Enter(number, kinds, "this server")
                ?? throw new InvalidOperationException($"shard {shard} came to round {number} of norms when {newest} was under way");
            for (var kind = 0; kind < kinds; kind++)
                sums.AsSpan(kind * blocks.Count + first, count).CopyTo(new Span<double>(round.At(first) + (long)kind * count, count));
            var own = new Contribution(shard, first, count, Own: true);
            Add(round, own);
            foreach (var peer in peers)
                Send(peer, round, own);
            Wait(round, number / roundsPerUpdate);
            foreach (var part in round.In)
                for (var kind = 0; kind < kinds; kind++)
                    new ReadOnlySpan<double>(round.At(part.First) + (long)kind * part.Count, part.Count)
                        .CopyTo(sums.AsSpan(kind * blocks.Count + part.First));
            times.Add(Stopwatch.GetElapsedTime(started));
        }
    }

    private void Wait(Round round, long version)
    {
        var allowed = times.Deadline;
        var begun = Environment.TickCount64;
        while (round.PartsIn < blocks.Count)
        {
            if (end is not null)
                throw end;
            var left = Math.Max(begun, deadlineFrom) + (long)allowed.TotalMilliseconds - Environment.TickCount64;
            if (patient ? Monitor.Wait(sync) : left > 0 && Monitor.Wait(sync, (int)Math.Min(left, int.MaxValue)))
                continue;
            var missing = expected.Where(shard => !round.In.Exists(known => known.Shard == shard.Shard));
            throw new TimeoutException(
                $"waited {allowed.TotalSeconds:F0} s for the norms of version {version} of {string.Join(", ", missing.Select(shard => $"shard {shard.Shard} ({shard.Node})"))}");
        }
    }

    /// <summary>The round of a number, begun if it is the next one; null where it is over.</summary>
    private Round? Enter(long number, int kinds, string who)
    {
        if (number > newest + 1)
            throw new LinkException($"{who} is at round {number} of norms while round {newest + 1} has not begun");
        var round = held[number & 1];
        if (number > newest)
        {
            newest = number;
            round.Number = number;
            round.Kinds = kinds;
            round.PartsIn = 0;
            round.In.Clear();
        }

        return round.Number == number && round.Kinds == kinds ? round : null;
    }

    /// <summary>Two homes of a shard give the same numbers; they count once.</summary>
    private void Add(Round round, Contribution contribution)
    {
        if (round.In.Exists(known => known.Shard == contribution.Shard))
            return;
        round.In.Add(contribution);
        round.PartsIn += contribution.Count;
        if (round.PartsIn == blocks.Count)
            Monitor.PulseAll(sync);
    }

    private void Send(PeerLink peer, Round round, Contribution contribution) => peer.Sender.SendTensor(
        new FrameHeader
        {
            Kind = FrameKind.Norms,
            Version = round.Number / roundsPerUpdate,
            Shard = contribution.Shard,
            FirstSlot = (int)(round.Number % roundsPerUpdate),
            SlotCount = contribution.Count,
            Tag = contribution.First,
        },
        round.At(contribution.First), (long)round.Kinds * contribution.Count * sizeof(double));

    private sealed class Turn(NormExchange owner, int shard, long number) : INormExchange
    {
        private long next = number;

        public void Complete(double[] sums, int kinds, int first, int count) => owner.Complete(next++, shard, sums, kinds, first, count);
    }
}
