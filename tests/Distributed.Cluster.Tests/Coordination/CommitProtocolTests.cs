using Distributed.Cluster.Coordination;
using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>
/// The commit protocol, walked through in every order in which its messages can arrive: the rules of two shards and the decisions of the
/// regrouping are the real ones, workers and wires are modelled. Two slots, two workers and a spare one, up to two faults: a worker dies
/// (with any part of what it sent arriving or not), or is held for lost and goes on all the same.
/// </summary>
public sealed class CommitProtocolTests
{
    private const int Slots = 2;
    private const int Shards = 2;

    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public void In_every_order_every_slot_counts_once_a_version_and_training_ends(int versions, int faults)
    {
        var known = new HashSet<string>();
        var open = new Stack<Trail>();
        open.Push(new Trail(null, ""));
        var ends = 0;
        while (open.TryPop(out var trail))
        {
            var world = trail.Replay(versions, faults);
            if (!known.Add(world.Key))
                continue;
            var next = world.Enabled().ToArray();
            if (next.Length == 0)
            {
                ends++;
                world.CheckEnd();
            }

            foreach (var action in next)
                open.Push(new Trail(trail, action));
        }

        Assert.True(ends > 0 && known.Count > 20 * (faults + 1), $"{known.Count} states, {ends} ends");
    }

    /// <summary>A way to a state: worlds are not copied but made again.</summary>
    private sealed record Trail(Trail? Before, string Action)
    {
        public World Replay(int versions, int faults)
        {
            var actions = new Stack<string>();
            for (var trail = this; trail?.Before is not null; trail = trail.Before)
                actions.Push(trail.Action);
            var world = new World(versions, faults);
            foreach (var action in actions)
                world.Do(action);
            return world;
        }
    }

    private sealed class Worker(string name)
    {
        public string Name => name;
        public bool Alive = true;
        public bool Lost;
        public long Term;
        public int[] Slots = [];
        public long Step;
        public bool Sent;
    }

    /// <summary>Actions are texts, so that states and trails can be compared and read.</summary>
    private sealed class World
    {
        private readonly int versions;
        private readonly Worker[] workers = [new("a"), new("b"), new("c")];
        private readonly StepRules[] shards;
        private readonly HashSet<(long Step, int Slot)> figures = [];
        private readonly List<string> wire = [];
        private int faultsLeft;
        private long term = 1;
        private Regrouping? regrouping;
        private readonly HashSet<string> answered = [];

        public World(int versions, int faults)
        {
            this.versions = versions;
            faultsLeft = faults;
            shards = [.. Enumerable.Range(0, Shards).Select(_ => new StepRules(Slots, 0, 1))];
            for (var i = 0; i < Slots; i++)
                Lease(workers[i], 1, [i], 0);
        }

        public string Key => string.Join(';', workers.Select(worker => $"{worker.Alive}{worker.Lost}{worker.Term}.{worker.Step}{worker.Sent}{string.Join(',', worker.Slots)}"))
            + "|" + string.Join(';', shards.Select(shard => $"{shard.Version}.{shard.Term}:{string.Join(',', shard.Pieces)}"))
            + $"|{term}{regrouping is null}{string.Join(',', answered.Order(StringComparer.Ordinal))}|{faultsLeft}|{string.Join(' ', wire.Order(StringComparer.Ordinal))}"
            + $"|{string.Join(' ', figures.Order())}";

        public IEnumerable<string> Enabled()
        {
            foreach (var message in wire.Distinct())
                yield return $"deliver {message}";
            foreach (var worker in workers.Where(worker => worker is { Alive: true, Slots.Length: > 0 }))
            {
                if (!worker.Sent && worker.Step < versions)
                    yield return $"compute {worker.Name}";
                if (worker.Sent && Array.TrueForAll(shards, shard => shard.Version > worker.Step))
                    yield return $"advance {worker.Name}";
            }

            for (var i = 0; i < Shards; i++)
                if (shards[i].Complete)
                    yield return $"commit {i}";
            if (faultsLeft > 0)
                foreach (var worker in workers.Where(worker => worker is { Alive: true, Lost: false } && worker.Slots.Length > 0))
                {
                    yield return $"kill {worker.Name}";
                    yield return $"doubt {worker.Name}";
                }

            // What a dead worker had sent may be lost from any point on.
            foreach (var message in wire.Where(message => message.StartsWith("gradient", StringComparison.Ordinal) && !Of(message.Split(' ')[1]).Alive).Distinct())
                yield return $"lose {message}";
        }

        public void Do(string action)
        {
            var words = action.Split(' ');
            switch (words[0])
            {
                case "compute":
                    Compute(Of(words[1]));
                    break;
                case "advance":
                    var ahead = Of(words[1]);
                    (ahead.Step, ahead.Sent) = (ahead.Step + 1, false);
                    break;
                case "commit":
                    Commit(int.Parse(words[1]));
                    break;
                case "kill":
                case "doubt":
                    faultsLeft--;
                    Of(words[1]).Alive = words[0] == "doubt";
                    Of(words[1]).Lost = true;
                    Regroup();
                    break;
                case "lose":
                    wire.Remove(action["lose ".Length..]);
                    break;
                case "deliver":
                    wire.Remove(action["deliver ".Length..]);
                    Deliver(words[1..]);
                    break;
            }
        }

        public void CheckEnd()
        {
            Assert.All(shards, shard => Assert.Equal(versions, shard.Version));
            for (var step = 0L; step < versions; step++)
                for (var slot = 0; slot < Slots; slot++)
                    Assert.Contains((step, slot), figures);
        }

        private Worker Of(string name) => Array.Find(workers, worker => worker.Name == name)!;

        private static void Lease(Worker worker, long under, int[] slots, long step) =>
            (worker.Term, worker.Slots, worker.Step, worker.Sent) = (under, slots, step, false);

        private void Compute(Worker worker)
        {
            // A fenced one may read weights that move on under it: nothing of it counts. Of all others the version must be whole.
            if (worker.Term == term && !worker.Lost)
                Assert.All(shards, shard => Assert.InRange(shard.Version, worker.Step, worker.Step + 1));
            worker.Sent = true;
            foreach (var slot in worker.Slots)
                for (var shard = 0; shard < Shards; shard++)
                    wire.Add($"gradient {worker.Name} {worker.Term} {worker.Step} {slot} {shard}");
        }

        private void Commit(int at)
        {
            var version = shards[at].Version;
            // The buffer of the version before is written over: everybody must be past it.
            Assert.All(shards, shard => Assert.True(shard.Version >= version, $"shard {at} commits {version} while another is at {shard.Version}"));
            Assert.DoesNotContain(workers, worker => worker is { Lost: false, Alive: true } && worker.Term == term && worker.Slots.Length > 0 && worker.Step < version);
            shards[at].Commit();
        }

        private void Regroup()
        {
            term++;
            answered.Clear();
            var halting = workers.Where(worker => !worker.Lost && worker.Slots.Length > 0).ToArray();
            regrouping = new Regrouping(term, halting.Select(worker => worker.Name), Enumerable.Range(0, Shards).Select(shard => $"{shard}"));
            foreach (var worker in halting)
                wire.Add($"halt {worker.Name} {term}");
            for (var shard = 0; shard < Shards; shard++)
                wire.Add($"fence {shard} {term}");
        }

        private void Deliver(string[] words)
        {
            switch (words[0])
            {
                case "gradient":
                    var (under, step, slot, at) = (long.Parse(words[2]), long.Parse(words[3]), int.Parse(words[4]), int.Parse(words[5]));
                    var verdict = shards[at].Offer(under, step, new SlotRange(slot, 1));
                    Assert.NotEqual(Verdict.LaterVersion, verdict);
                    if (verdict == Verdict.Accepted && at == 0)
                        figures.Add((step, slot));
                    break;
                case "halt":
                    var worker = Of(words[1]);
                    if (!worker.Alive || long.Parse(words[2]) <= worker.Term)
                        break;
                    Lease(worker, long.Parse(words[2]), [], worker.Step);
                    wire.Add($"halted {worker.Name} {words[2]}");
                    break;
                case "fence":
                    shards[int.Parse(words[1])].RaiseTerm(long.Parse(words[2]));
                    wire.Add($"fenced {words[1]} {words[2]} {shards[int.Parse(words[1])].Version}");
                    break;
                case "halted":
                    regrouping?.Halted(words[1], long.Parse(words[2]));
                    Answered(words);
                    break;
                case "fenced":
                    regrouping?.Fenced(words[1], long.Parse(words[2]), [(int.Parse(words[1]), long.Parse(words[3]))]);
                    Answered(words);
                    break;
                case "lease":
                    if (Of(words[1]) is { Alive: true } leased && long.Parse(words[2]) >= leased.Term)
                        Lease(leased, long.Parse(words[2]), [.. words[3].Split(',').Select(int.Parse)], long.Parse(words[4]));
                    break;
            }
        }

        private void Answered(string[] words)
        {
            if (regrouping is null || long.Parse(words[2]) != term)
                return;
            answered.Add(string.Join(' ', words));
            if (!regrouping.Quiet)
                return;
            var from = regrouping.Version;
            regrouping = null;
            answered.Clear();
            var live = workers.Where(worker => !worker.Lost).ToArray();
            foreach (var (worker, slots) in live.Zip(SlotLeases.Deal(Slots, Math.Min(Slots, live.Length))))
                wire.Add($"lease {worker.Name} {term} {string.Join(',', slots)} {from}");
        }
    }
}
