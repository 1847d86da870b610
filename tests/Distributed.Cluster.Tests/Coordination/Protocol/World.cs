using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Tests.Coordination.Protocol;

/// <summary>
/// A job in the middle of its steps: two slots, two shards on two servers, two workers and a spare one, a coordinator, and all that is on its
/// way between them. What they decide is decided by the product's own classes (<see cref="StepRules"/>, the gate, the tree of slots, the
/// regrouping, what is known of figures, what a successor inherits); modelled are the wires, on which anything overtakes anything, and who is
/// alive. Noticing a loss late is the same as the lost one having stood still meanwhile, so losses are noticed at once.
/// </summary>
internal sealed partial class World
{
    private const int Slots = 2;
    private const int Shards = 2;

    private readonly Scenario scenario;
    private readonly WorkerState[] workers;
    private readonly ServerState[] servers;

    /// <summary>By server and shard; null where there is none.</summary>
    private readonly Home?[] homes;
    private readonly List<Message> wire = [];
    private int faultsLeft;

    /// <summary>The newest version that a worker has known to be everywhere.</summary>
    private int announced;

    public World(Scenario scenario)
    {
        this.scenario = scenario;
        faultsLeft = scenario.Faults;
        workers = new WorkerState[3];
        servers = new ServerState[2];
        homes = new Home?[servers.Length * Shards];
        Array.Fill(workers, new WorkerState { Alive = true });
        MakeServers();
        LeaseFrom(0);
    }

    public World(World other)
    {
        scenario = other.scenario;
        workers = [.. other.workers];
        servers = [.. other.servers];
        homes = [.. other.homes];
        wire.AddRange(other.wire);
        faultsLeft = other.faultsLeft;
        announced = other.announced;
        term = other.term;
        stage = other.stage;
        (rebuild, inherits) = (other.rebuild, other.inherits);
        awaited = other.awaited;
        answers.AddRange(other.answers);
        kept = other.kept;
        (boardFrom, reported, written) = (other.boardFrom, other.reported, other.written);
    }

    private struct WorkerState
    {
        public bool Alive;

        /// <summary>The coordinator goes on without it.</summary>
        public bool Lost;

        /// <summary>As the coordinator knows it.</summary>
        public bool Leased;
        public int Term;
        public SlotRange Slots;
        public int Step;
        public bool Sent;

        /// <summary>The servers of its lease, a bit each.</summary>
        public int Links;

        /// <summary>The dead ones of these whose next version it had heard of.</summary>
        public int Heard;

        /// <summary>What its slots saw in steps that it has not told of: a bit for each step and slot.</summary>
        public uint Unreported;
    }

    private struct ServerState
    {
        public bool Alive;

        /// <summary>The coordinator counts on it.</summary>
        public bool Held;
        public int Term;

        /// <summary>The term that it is about to raise, with its second shard to come; 0: none.</summary>
        public int Fencing;
        public Stand FirstStand;

        /// <summary>What slots saw, where the first shard is: a bit for each step and slot.</summary>
        public uint Figures;
        public int Forgotten;
    }

    /// <summary>A shard on a server, and who brought what it has of the next version. It is copied before it is changed.</summary>
    private sealed record Home(StepRules Rules)
    {
        /// <summary>In slot order.</summary>
        public List<(SlotRange Piece, int Worker, int Term, int Step)> Brought { get; private init; } = [];

        public Home Copy()
        {
            var rules = new StepRules(Slots, Rules.Version, Rules.Term);
            foreach (var piece in Rules.Pieces)
                rules.Offer(Rules.Term, Rules.Version, piece);
            return new Home(rules) { Brought = [.. Brought] };
        }

        /// <summary>What the rules have dropped is not there any more.</summary>
        public void Forget() => Brought.RemoveAll(brought => !Rules.Pieces.Contains(brought.Piece));
    }

    /// <summary>All that makes the world differ from others.</summary>
    public string Key()
    {
        Span<char> key = stackalloc char[256];
        var length = 0;
        foreach (ref var worker in workers.AsSpan())
        {
            Add(key, Bits(worker.Alive, worker.Lost, worker.Leased, worker.Sent), worker.Term, worker.Slots.First, worker.Slots.Count);
            Add(key, worker.Step, worker.Links, worker.Heard, (int)worker.Unreported);
        }

        foreach (ref var server in servers.AsSpan())
        {
            Add(key, Bits(server.Alive, server.Held, server.FirstStand.Due), server.Term, server.Fencing, server.FirstStand.Version);
            Add(key, (int)server.Figures, server.Forgotten);
        }

        foreach (var home in homes)
        {
            if (home is null)
            {
                Add(key, 0xFFFF);
                continue;
            }

            Add(key, (int)home.Rules.Version, (int)home.Rules.Term, home.Brought.Count);
            foreach (var (piece, worker, under, step) in home.Brought)
                Add(key, piece.First, piece.Count, worker, under, step);
        }

        Add(key, term, (int)stage, Bits(rebuild, inherits), awaited.Workers, awaited.Servers, kept.Term, kept.Servers, kept.Workers);
        Add(key, boardFrom, (int)reported, written, faultsLeft, announced, answers.Count);
        foreach (var messages in (ReadOnlySpan<List<Message>>)[answers, wire])
            foreach (var message in messages)
                Add(key, (int)(message.Packed & 0xFFFF), (int)(message.Packed >> 16 & 0xFFFF), (int)(message.Packed >> 32));
        return new string(key[..length]);

        void Add(Span<char> into, params ReadOnlySpan<int> values)
        {
            foreach (var value in values)
                into[length++] = (char)value;
        }

        static int Bits(params ReadOnlySpan<bool> flags)
        {
            var bits = 0;
            foreach (var flag in flags)
                bits = (bits << 1) | (flag ? 1 : 0);
            return bits;
        }
    }

    private bool Breaks(BrokenRule rule) => scenario.Broken == rule;

    private static bool Has(int mask, int bit) => (mask >> bit & 1) != 0;

    private ref Home? HomeOf(int server, int shard) => ref homes[(server * Shards) + shard];

    /// <summary>The homes that the coordinator counts on.</summary>
    private IEnumerable<Home> Standing =>
        Enumerable.Range(0, homes.Length).Where(home => servers[home / Shards].Held && homes[home] is not null).Select(home => homes[home]!);

    /// <summary>In an order of their own, so that worlds with the same messages are the same.</summary>
    private static void Put(List<Message> messages, Message message)
    {
        var at = messages.FindIndex(other => other.Packed > message.Packed);
        messages.Insert(at < 0 ? messages.Count : at, message);
    }

    private static void Require(bool holds, string invariant)
    {
        if (!holds)
            throw new ViolationException(invariant);
    }
}
