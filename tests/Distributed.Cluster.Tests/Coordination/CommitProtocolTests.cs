using Distributed.Cluster.Coordination;
using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>
/// The commit protocol, walked through in every order in which its messages can arrive: the rules of two shards and the decisions of the
/// regrouping are the real ones, workers and wires are modelled. Two slots, two workers and a spare one, up to two faults: a worker dies
/// (with any part of what it sent arriving or not), or is held for lost and goes on all the same. With a backup, each home of a shard is on a
/// server of its own, and either home of the first shard can be lost with all that it holds.
/// </summary>
public sealed class CommitProtocolTests
{
    private const int Slots = 2;
    private const int Shards = 2;

    /// <summary>The number of the first shard's second home.</summary>
    private const int Backup = 2;

    [Theory]
    [InlineData(3, 0, false)]
    [InlineData(2, 1, false)]
    [InlineData(1, 2, false)]
    [InlineData(1, 1, true)]
    [InlineData(2, 1, true)]
    public void In_every_order_every_slot_counts_once_a_version_and_training_ends(int versions, int faults, bool backup)
    {
        var known = new HashSet<string>();
        var open = new Stack<World>();
        open.Push(new World(versions, faults, backup ? Shards + 1 : Shards));
        var ends = 0;
        while (open.TryPop(out var world))
        {
            if (!known.Add(world.Key))
                continue;
            try
            {
                if (world.IsEnd)
                {
                    ends++;
                    world.CheckEnd();
                }

                foreach (var action in world.Enabled())
                {
                    var next = new World(world);
                    next.Do(action);
                    open.Push(next);
                }
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"{exception.Message}\nafter {world.Trail}", exception);
            }
        }

        Assert.True(ends > 0 && known.Count > 20 * (faults + 1), $"{known.Count} states, {ends} ends");
    }

    private sealed record Worker(string Name)
    {
        public bool Alive { get; set; } = true;

        public bool Lost { get; set; }

        public long Term { get; set; }

        public int[] Slots { get; set; } = [];

        public long Step { get; set; }

        public bool Sent { get; set; }
    }

    /// <summary>Actions are texts, so that states and trails can be compared and read.</summary>
    private sealed class World
    {
        private readonly int versions;
        private readonly Worker[] workers;
        private readonly StepRules[] shards;
        private readonly bool[] there;
        private readonly HashSet<(int Home, long Step, int Slot)> figures = [];
        private readonly List<string> wire = [];
        private readonly List<string> answered = [];
        private int faultsLeft;
        private long term = 1;
        private string[] halting = [];
        private Regrouping? regrouping;

        public World(int versions, int faults, int homes)
        {
            this.versions = versions;
            faultsLeft = faults;
            workers = [new("a"), new("b"), new("c")];
            shards = [.. Enumerable.Range(0, homes).Select(_ => new StepRules(Slots, 0, 1))];
            there = [.. shards.Select(_ => true)];
            for (var i = 0; i < Slots; i++)
                Lease(workers[i], 1, [i], 0);
        }

        public World(World other)
        {
            Trail = other.Trail;
            (versions, faultsLeft, term, halting) = (other.versions, other.faultsLeft, other.term, other.halting);
            workers = [.. other.workers.Select(worker => worker with { })];
            shards = [.. other.shards.Select(shard =>
            {
                var copy = new StepRules(Slots, shard.Version, shard.Term);
                foreach (var piece in shard.Pieces)
                    copy.Offer(shard.Term, shard.Version, piece);
                return copy;
            })];
            there = [.. other.there];
            figures.UnionWith(other.figures);
            wire.AddRange(other.wire);
            answered.AddRange(other.answered);
            if (other.regrouping is null)
                return;
            regrouping = Begin();
            foreach (var answer in other.answered)
                Answer(answer.Split(' '));
        }

        /// <summary>How the world came to be as it is.</summary>
        public string Trail { get; private set; } = "";

        public bool IsEnd => !Enabled().Any(action => !action.StartsWith("deliver gradient", StringComparison.Ordinal) || Of(action.Split(' ')[2]).Alive);

        public string Key => string.Join(';', workers.Select(worker => $"{worker.Alive}{worker.Lost}{worker.Term}.{worker.Step}{worker.Sent}{string.Join(',', worker.Slots)}"))
            + "|" + string.Join(';', shards.Select(shard => $"{shard.Version}.{shard.Term}:{string.Join(',', shard.Pieces)}"))
            + $"|{term}{regrouping is null}{string.Join(',', answered.Order(StringComparer.Ordinal))}|{faultsLeft}|{string.Join(' ', wire.Order(StringComparer.Ordinal))}"
            + $"|{string.Join(' ', figures.Order())}|{string.Join(' ', there)}";

        private IEnumerable<int> Homes => Enumerable.Range(0, shards.Length).Where(home => there[home]);

        private IEnumerable<StepRules> Standing => Homes.Select(home => shards[home]);

        public IEnumerable<string> Enabled()
        {
            foreach (var message in wire.Distinct())
                yield return $"deliver {message}";
            foreach (var worker in workers.Where(worker => worker is { Alive: true, Slots.Length: > 0 }))
            {
                if (!worker.Sent && worker.Step < versions)
                    yield return $"compute {worker.Name}";
                if (worker.Sent && Standing.All(shard => shard.Version > worker.Step))
                    yield return $"advance {worker.Name}";
            }

            foreach (var home in Homes)
                if (shards[home].Complete)
                    yield return $"commit {home}";
            if (faultsLeft > 0 && shards.Length > Shards && there[0] && there[Backup])
            {
                yield return "burn 0";
                yield return $"burn {Backup}";
            }

            if (faultsLeft > 0)
                foreach (var worker in workers.Where(worker => worker is { Alive: true, Lost: false } && worker.Slots.Length > 0))
                {
                    yield return $"kill {worker.Name}";
                    yield return $"doubt {worker.Name}";
                }
        }

        public void Do(string action)
        {
            Trail += $"{action}; ";
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
                case "burn":
                    faultsLeft--;
                    there[int.Parse(words[1])] = false;
                    Regroup();
                    break;
                case "deliver":
                    wire.Remove(action["deliver ".Length..]);
                    Deliver(words[1..]);
                    break;
            }

            // What the rules drop whenever it comes need not be waited for.
            wire.RemoveAll(message => message.Split(' ') is ["gradient", _, var under, var step, _, var at]
                && (!there[int.Parse(at)] || long.Parse(under) < shards[int.Parse(at)].Term || long.Parse(step) < shards[int.Parse(at)].Version));
        }

        public void CheckEnd()
        {
            Assert.All(Standing, shard => Assert.Equal(versions, shard.Version));
            for (var step = 0L; step < versions; step++)
                for (var slot = 0; slot < Slots; slot++)
                    Assert.Contains(Homes.Where(home => home is 0 or Backup), home => figures.Contains((home, step, slot)));
        }

        private Worker Of(string name) => Array.Find(workers, worker => worker.Name == name)!;

        private static void Lease(Worker worker, long under, int[] slots, long step) =>
            (worker.Term, worker.Slots, worker.Step, worker.Sent) = (under, slots, step, false);

        private void Compute(Worker worker)
        {
            // A fenced one may read weights that move on under it: nothing of it counts. Of all others the version must be whole.
            if (worker.Term == term && !worker.Lost)
                Assert.All(Standing, shard => Assert.InRange(shard.Version, worker.Step, worker.Step + 1));
            worker.Sent = true;
            foreach (var slot in worker.Slots)
                foreach (var shard in Homes)
                    wire.Add($"gradient {worker.Name} {worker.Term} {worker.Step} {slot} {shard}");
        }

        private void Commit(int at)
        {
            var version = shards[at].Version;
            // The buffer of the version before is written over: everybody must be past it.
            Assert.All(Standing, shard => Assert.True(shard.Version >= version, $"shard {at} commits {version} while another is at {shard.Version}"));
            Assert.DoesNotContain(workers, worker => worker is { Lost: false, Alive: true } && worker.Term == term && worker.Slots.Length > 0 && worker.Step < version);
            shards[at].Commit();
        }

        private void Regroup()
        {
            term++;
            answered.Clear();
            halting = [.. workers.Where(worker => !worker.Lost && worker.Slots.Length > 0).Select(worker => worker.Name)];
            regrouping = Begin();
            foreach (var worker in halting)
                wire.Add($"halt {worker} {term}");
            foreach (var shard in Homes)
                wire.Add($"fence {shard} {term}");
        }

        private Regrouping Begin() => new(term, halting, Homes.Select(home => $"{home}"));

        private void Deliver(string[] words)
        {
            switch (words[0])
            {
                case "gradient":
                    var (under, step, slot, at) = (long.Parse(words[2]), long.Parse(words[3]), int.Parse(words[4]), int.Parse(words[5]));
                    var verdict = shards[at].Offer(under, step, new SlotRange(slot, 1));
                    Assert.NotEqual(Verdict.LaterVersion, verdict);
                    if (verdict == Verdict.Accepted && at is 0 or Backup)
                        figures.Add((at, step, slot));
                    break;
                case "halt":
                    var worker = Of(words[1]);
                    if (!worker.Alive || long.Parse(words[2]) <= worker.Term)
                        break;
                    Lease(worker, long.Parse(words[2]), [], worker.Step);
                    wire.Add($"halted {worker.Name} {words[2]}");
                    break;
                case "fence" or "fenced" when !there[int.Parse(words[1])]:
                    break;
                case "fence":
                    var fenced = shards[int.Parse(words[1])];
                    fenced.RaiseTerm(long.Parse(words[2]));
                    wire.Add($"fenced {words[1]} {words[2]} {fenced.Version} {fenced.Complete}");
                    break;
                case "halted":
                case "fenced":
                    Answered(words);
                    break;
                case "lease":
                    if (Of(words[1]) is { Alive: true } leased && long.Parse(words[2]) >= leased.Term)
                        Lease(leased, long.Parse(words[2]), [.. words[3].Split(',').Select(int.Parse)], long.Parse(words[4]));
                    break;
            }
        }

        private void Answer(string[] words)
        {
            if (words[0] == "halted")
                regrouping!.Halted(words[1], long.Parse(words[2]));
            else
                regrouping!.Fenced(words[1], long.Parse(words[2]), [(int.Parse(words[1]) % Backup, long.Parse(words[3]), bool.Parse(words[4]))]);
        }

        private void Answered(string[] words)
        {
            if (regrouping is null || long.Parse(words[2]) != term)
                return;
            answered.Add(string.Join(' ', words));
            Answer(words);
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
