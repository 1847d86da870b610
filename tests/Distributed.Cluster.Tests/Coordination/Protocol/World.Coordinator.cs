using Distributed.Cluster.Coordination;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Succession;

namespace Distributed.Cluster.Tests.Coordination.Protocol;

/// <summary>What the job's coordinator does about it.</summary>
internal sealed unsafe partial class World
{
    private readonly List<Message> answers = [];
    private int term = 1;
    private Stage stage;
    private bool rebuild;
    private bool inherits;

    /// <summary>Whose answers this term's regrouping began with, a bit each.</summary>
    private (int Workers, int Servers) awaited;

    /// <summary>What a successor would know.</summary>
    private (int Term, int Servers, int Workers) kept;

    /// <summary>What the coordinator knows of steps from this one on, and the first step that its files lack.</summary>
    private int boardFrom;
    private uint reported;
    private int written;

    private enum Stage
    {
        /// <summary>Slots are leased.</summary>
        Training,

        /// <summary>Until nobody does anything under lower terms.</summary>
        Quieting,

        /// <summary>The coordinator is gone; the next one asks who is there.</summary>
        TakingOver,
    }

    private static string WorkerName(int w) => $"w{w}";

    private static string ServerName(int s) => $"s{s}";

    /// <summary>Nothing has to happen any more: then all is done, and all of it is known.</summary>
    public void CheckEnd()
    {
        Require(stage == Stage.Training, $"nothing waits for ever ({stage})");
        Require(Standing.All(home => home.Rules.Version == scenario.Versions), "training ends with the last version on every shard");
        for (var shard = 0; shard < Shards; shard++)
            Require(Enumerable.Range(0, servers.Length).Any(s => servers[s].Held && HomeOf(s, shard) is not null), "every shard has a home");
        Require(Next(reported | Told()) == scenario.Versions, "what slots saw is known of every step");
    }

    /// <summary>The first step of which the coordinator does not know what every slot saw.</summary>
    private int Next(uint known)
    {
        var board = new StepBoard(Slots, boardFrom);
        for (var step = 0; step < scenario.Versions; step++)
            for (var slot = 0; slot < Slots; slot++)
                if ((known & Figures(step, new SlotRange(slot, 1))) != 0)
                    board.Add(new ProgressMessages.StepReport(step, [new ProgressMessages.SlotReport(slot, 1, 0, 1, 0)], 0, 0, 0, 0));
        return (int)board.Next;
    }

    /// <summary>What all workers that the coordinator counts on have not told of yet.</summary>
    private uint Told()
    {
        var told = 0u;
        foreach (var worker in workers)
            if (!worker.Lost)
                told |= worker.Unreported;
        return told;
    }

    private void Report(int w)
    {
        if (stage != Stage.TakingOver && !workers[w].Lost)
            reported |= workers[w].Unreported;
        workers[w].Unreported = 0;
    }

    private void Record()
    {
        for (var w = 0; w < workers.Length; w++)
            if (!workers[w].Lost)
                Report(w);
        written = Next(reported);
        ForgetBelow(written);
    }

    private void ForgetBelow(int step)
    {
        for (var s = 0; s < servers.Length; s++)
            Forget(ref servers[s], step);
    }

    private static void Forget(ref ServerState server, int below)
    {
        server.Forgotten = Math.Max(server.Forgotten, below);
        server.Figures &= ~((1u << (server.Forgotten * Slots)) - 1);
    }

    private void LoseWorker(int w)
    {
        var leased = workers[w].Leased;
        workers[w].Lost = true;
        if (stage == Stage.Training && leased)
            Regroup();
        else if (stage == Stage.Quieting)
            Hear(new Message(MessageKind.Lost, w, term));
    }

    private void LoseServer(int s)
    {
        servers[s].Held = false;
        if (stage == Stage.Quieting && rebuild)
            Hear(new Message(MessageKind.Released, s, term));
        else if (stage != Stage.TakingOver)
            Regroup();
    }

    /// <summary>Raises the term and has everybody stop where they are.</summary>
    private void Regroup()
    {
        term++;
        rebuild |= Enumerable.Range(0, Shards).Any(shard => !Enumerable.Range(0, servers.Length).Any(s => servers[s].Held && HomeOf(s, shard) is not null));
        stage = Stage.Quieting;
        answers.Clear();
        var (working, serving) = (Mask(workers.Length, w => workers[w] is { Lost: false, Leased: true }), Mask(servers.Length, s => servers[s].Held));
        Keep(rebuild ? 0 : serving);
        awaited = (working, serving);
        for (var w = 0; w < workers.Length; w++)
            if (Has(working, w))
                Put(wire, new Message(MessageKind.Halt, w, term));
        for (var s = 0; s < servers.Length; s++)
        {
            if (!Has(serving, s))
                continue;
            Put(wire, new Message(rebuild ? MessageKind.Release : MessageKind.Fence, s, term));
            Forget(ref servers[s], Breaks(BrokenRule.FiguresAreForgottenEarly) ? Next(reported | Told()) : written);
        }

        Advance();
    }

    private void Keep(int serving) =>
        kept = (Breaks(BrokenRule.TermsAreNotKept) ? 1 : term, serving, Mask(workers.Length, w => !workers[w].Lost));

    /// <summary>
    /// An answer reaches the coordinator. On its way nothing else can come of it: that it comes late is the same as its being given late.
    /// </summary>
    private void Hear(Message answer)
    {
        if (stage != Stage.Quieting || answer.Term != term)
            return;
        if (answer.Kind == MessageKind.Halted)
        {
            Report(answer.Node);
            workers[answer.Node].Leased = false;
        }
        else if (answer.Kind == MessageKind.Fenced && !Breaks(BrokenRule.FiguresAreNotTold))
        {
            reported |= FiguresOf(answer);
        }

        Put(answers, answer);
        Advance();
    }

    /// <summary>What a server tells of steps that its first shard has made or will make.</summary>
    private uint FiguresOf(Message fenced)
    {
        if (fenced.First == Stand.None)
            return 0;
        ref var server = ref servers[fenced.Node];
        var figures = new SlotFigures(Slots);
        var wires = stackalloc byte[SlotFigures.BytesOfSlot];
        for (var step = 0; step < scenario.Versions; step++)
            for (var slot = 0; slot < Slots; slot++)
                if ((server.Figures & Figures(step, new SlotRange(slot, 1))) != 0)
                {
                    SlotFigures.Encode([new ProgressMessages.SlotReport(slot, 1, 0, 1, 0)], wires);
                    figures.Add(step, new ReadOnlySpan<byte>(wires, SlotFigures.BytesOfSlot));
                }

        var known = 0u;
        foreach (var step in figures.Below(fenced.First.Version + (fenced.First.Due ? 1 : 0)))
            foreach (var slot in step.Slots)
                known |= Figures((int)step.Step, new SlotRange(slot.Slot, 1));
        return known;
    }

    private void Advance()
    {
        var regrouping = new Regrouping(
            term, Enumerable.Range(0, workers.Length).Where(w => Has(awaited.Workers, w)).Select(WorkerName),
            Enumerable.Range(0, servers.Length).Where(s => Has(awaited.Servers, s)).Select(ServerName));
        foreach (var answer in answers)
        {
            if (answer.Kind == MessageKind.Halted)
                regrouping.Halted(WorkerName(answer.Node), answer.Term);
            else if (answer.Kind == MessageKind.Lost)
                regrouping.LoseWorker(WorkerName(answer.Node));
            else if (answer.Kind == MessageKind.Released)
                regrouping.LetGo(ServerName(answer.Node));
            else
                regrouping.Fenced(
                    ServerName(answer.Node), answer.Term,
                    new[] { answer.First, answer.Second }.Index().Where(stand => stand.Item != Stand.None)
                        .Select(stand => (stand.Index, (long)stand.Item.Version, stand.Item.Due)));
        }

        if (Breaks(BrokenRule.OneServerIsEnough) && answers.Exists(answer => answer.Kind == MessageKind.Fenced))
            regrouping.LetGo(ServerName(1 - answers.Find(answer => answer.Kind == MessageKind.Fenced).Node));
        if (!regrouping.Quiet)
            return;
        if (rebuild)
            GoBack();
        else
            GoOn((int)regrouping.Version);
    }

    private void GoOn(int from)
    {
        Require(Standing.All(home => home.Rules.Version - from is 0 or 1), $"training goes on at {from}, a version that every shard still has");
        Require(Standing.All(home => home.Rules.Version >= announced), $"version {announced}, which had been announced, is on every shard");
        var next = Next(reported);
        Require(next >= from, $"what slots saw is known of all steps before {from}, not only before {next}");
        Require(
            !inherits || (Breaks(BrokenRule.FilesEndWhereShardsStand) ? next == from : Inheritance.CanGoOn(next, from)),
            $"a successor goes on at {from} with files that end before step {next}");
        inherits = false;
        LeaseFrom(from);
    }

    /// <summary>No home is left of some shard: both servers begin anew, since there is no checkpoint here.</summary>
    private void GoBack()
    {
        rebuild = inherits = false;
        (boardFrom, reported, written, announced) = (0, 0, 0, 0);
        for (var w = 0; w < workers.Length; w++)
            workers[w].Unreported = 0;
        MakeServers();
        LeaseFrom(0);
    }

    private void MakeServers()
    {
        // They are other processes than before, or other parts of theirs.
        wire.RemoveAll(message => message.Kind is MessageKind.Gradient or MessageKind.Fence or MessageKind.Release);
        for (var s = 0; s < servers.Length; s++)
        {
            End(s);
            servers[s] = new ServerState { Alive = true, Held = true, Term = term };
            for (var shard = 0; shard < Shards; shard++)
                if (scenario.Backups || shard == s)
                    HomeOf(s, shard) = new Home(new StepRules(Slots, 0, term));
        }
    }

    private void LeaseFrom(int version)
    {
        stage = Stage.Training;
        answers.Clear();
        awaited = default;
        var live = Enumerable.Range(0, workers.Length).Where(w => !workers[w].Lost).Take(Slots).ToArray();
        Require(live.Length > 0, "somebody is left to train");
        var links = Mask(servers.Length, s => servers[s].Held);
        Keep(links);
        foreach (var (w, slots) in live.Zip(SlotLeases.Deal(Slots, live.Length)))
        {
            workers[w].Leased = true;
            // That it comes late is the same as a worker that is slow to begin.
            Take(new Message(MessageKind.Lease, w, term, version, new SlotRange(slots[0], slots.Length), Links: links));
        }
    }

    private void LoseCoordinator(bool reportsToo)
    {
        stage = Stage.TakingOver;
        rebuild = false;
        (boardFrom, reported, awaited) = (written, 0, default);
        answers.Clear();
        if (reportsToo)
            for (var w = 0; w < workers.Length; w++)
                workers[w].Unreported = 0;
    }

    /// <summary>The next coordinator has asked all; those that are alive have answered.</summary>
    private void TakeOver()
    {
        var run = new SuccessionMessages.KeptRun(
            "former", [], kept.Term, 1, 0, false, [.. Enumerable.Range(0, servers.Length).Where(s => Has(kept.Servers, s)).Select(ServerName)],
            [.. Enumerable.Range(0, workers.Length).Where(w => Has(kept.Workers, w)).Select(WorkerName)]);
        var inheritance = new Inheritance(run, "next");
        for (var w = 0; w < workers.Length; w++)
        {
            if (workers[w].Alive)
            {
                inheritance.Take(new TrainingMessages.Adopted(default, WorkerName(w), true, false));
                inheritance.Take(new TrainingMessages.WorkerHere(default, WorkerName(w), true));
            }
            else
            {
                inheritance.Lose(WorkerName(w));
            }
        }

        for (var s = 0; s < servers.Length; s++)
        {
            if (!servers[s].Alive)
            {
                inheritance.Lose(ServerName(s));
                continue;
            }

            var shards = Enumerable.Range(0, Shards).Where(shard => HomeOf(s, shard) is not null)
                .Select(shard => new TrainingMessages.ShardDescription(shard, s, shard, 1)).ToArray();
            inheritance.Take(new TrainingMessages.Adopted(default, ServerName(s), false, true));
            inheritance.Take(new TrainingMessages.ServerHolds(default, ServerName(s), new TrainingMessages.ServerDescription(ServerName(s), "", 1, "", ""), shards));
        }

        Require(inheritance.Awaited.Count == 0, $"whoever is alive answers, and nobody else is waited for ({string.Join(", ", inheritance.Awaited)})");
        var held = inheritance.Homes(Shards);
        for (var s = 0; s < servers.Length; s++)
            servers[s].Held = servers[s].Alive && (held is null || held.Any(home => home.Server == ServerName(s)));
        for (var w = 0; w < workers.Length; w++)
            // Whoever was given slots, or may have been, is halted.
            workers[w].Lost = !(workers[w].Leased = workers[w].Alive);
        (term, inherits, rebuild) = (kept.Term, true, held is null);
        Regroup();
    }

    private static int Mask(int count, Func<int, bool> has) => Enumerable.Range(0, count).Where(has).Sum(i => 1 << i);
}
