using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Workers;

namespace Distributed.Cluster.Tests.Coordination.Protocol;

/// <summary>What workers and servers do, and what happens to them.</summary>
internal sealed partial class World
{
    /// <summary>All that can happen now.</summary>
    public List<Move> Moves()
    {
        var moves = new List<Move>();
        for (var i = 0; i < wire.Count; i++)
            if (i == 0 || wire[i] != wire[i - 1])
                moves.Add(new Move(MoveKind.Deliver, Message: wire[i]));
        for (var w = 0; w < workers.Length; w++)
        {
            if (workers[w] is not { Alive: true, Slots.Count: > 0 } worker)
                continue;
            if (!worker.Sent && worker.Step < scenario.Versions)
                moves.Add(new Move(MoveKind.Compute, w));
            if (worker.Sent && IsOpen(w))
                moves.Add(new Move(MoveKind.Advance, w));
        }

        for (var s = 0; s < servers.Length; s++)
        {
            if (servers[s].Fencing > 0)
                moves.Add(new Move(MoveKind.FenceSecond, s));
            for (var shard = 0; shard < Shards; shard++)
                if (HomeOf(s, shard)?.Rules.Complete == true)
                    moves.Add(new Move(MoveKind.Commit, s, shard));
        }

        if (stage == Stage.TakingOver)
            moves.Add(new Move(MoveKind.TakeOver));
        if (faultsLeft > 0)
            AddFaults(moves);
        return moves;
    }

    /// <summary>Whether something comes about by itself in the end: of those that are lost nothing need come any more.</summary>
    public bool MustCome(Move move) => move.Kind switch
    {
        MoveKind.Deliver when move.Message.Kind == MessageKind.Gradient =>
            servers[move.Message.Server].Held && workers[move.Message.Node] is { Alive: true, Lost: false } worker && worker.Term == move.Message.Term,
        MoveKind.Deliver when move.Message.Kind == MessageKind.Halt => !workers[move.Message.Node].Lost,
        MoveKind.Deliver => servers[move.Message.Node].Held,
        MoveKind.TakeOver => true,
        MoveKind.Compute or MoveKind.Advance => !workers[move.A].Lost,
        MoveKind.Commit or MoveKind.FenceSecond => servers[move.A].Held,
        _ => false,
    };

    public void Make(Move move)
    {
        if (move.IsFault)
            faultsLeft--;
        switch (move.Kind)
        {
            case MoveKind.Deliver:
                wire.Remove(move.Message);
                Take(move.Message);
                break;
            case MoveKind.RepeatGradient:
                Take(move.Message);
                break;
            case MoveKind.Compute:
                Compute(move.A);
                break;
            case MoveKind.Advance:
                ref var worker = ref workers[move.A];
                worker.Unreported |= Figures(worker.Step, worker.Slots);
                (worker.Step, worker.Sent, worker.Heard) = (worker.Step + 1, false, 0);
                announced = Math.Max(announced, worker.Step);
                break;
            case MoveKind.Commit:
                Commit(move.A, move.B);
                break;
            case MoveKind.FenceSecond:
                ref var server = ref servers[move.A];
                var (to, first) = (server.Fencing, server.FirstStand);
                (server.Fencing, server.FirstStand) = (0, default);
                Hear(new Message(MessageKind.Fenced, move.A, to, First: first, Second: Raise(move.A, 1, to)));
                break;
            case MoveKind.Record:
                Record();
                break;
            case MoveKind.TakeOver:
                TakeOver();
                break;
            default:
                Fail(move);
                break;
        }

        wire.RemoveAll(IsInVain);
    }

    /// <summary>What changes nothing whenever it comes, now or later, need not be waited for.</summary>
    private bool IsInVain(Message message) => message.Kind switch
    {
        MessageKind.Gradient => !servers[message.Server].Alive || Enumerable.Range(0, Shards).All(shard =>
            HomeOf(message.Server, shard) is not { } home || (message.Shard >= 0 && message.Shard != shard)
            || Judge(home, message) is Verdict.OlderTerm or Verdict.OlderVersion),
        MessageKind.Halt => !workers[message.Node].Alive || message.Term <= workers[message.Node].Term,
        MessageKind.Fence => !servers[message.Node].Alive || message.Term <= servers[message.Node].Term,
        _ => !servers[message.Node].Alive,
    };

    private void Take(Message message)
    {
        switch (message.Kind)
        {
            case MessageKind.Gradient:
                Offer(message);
                break;
            case MessageKind.Halt:
                ref var halted = ref workers[message.Node];
                (halted.Term, halted.Slots, halted.Sent, halted.Links, halted.Heard) = (message.Term, default, false, 0, 0);
                Hear(new Message(MessageKind.Halted, message.Node, message.Term));
                break;
            case MessageKind.Lease:
                ref var leased = ref workers[message.Node];
                (leased.Term, leased.Slots, leased.Step, leased.Sent) = (message.Term, message.Piece, message.Step, false);
                (leased.Links, leased.Heard) = (message.Links, 0);
                break;
            case MessageKind.Fence when servers[message.Node].Fencing == 0:
                Fence(message.Node, message.Term);
                break;
            case MessageKind.Fence:
                // The server's actor is busy with the term before.
                Put(wire, message);
                break;
            case MessageKind.Release:
                // Whoever asks: the one that hears of it is the present coordinator, and a server that has nothing left says so, too.
                End(message.Node);
                servers[message.Node].Alive = true;
                Hear(new Message(MessageKind.Released, message.Node, term));
                break;
        }
    }

    private void Compute(int w)
    {
        ref var worker = ref workers[w];
        var (at, under) = (worker.Step, worker.Term);
        // A fenced one may read weights that move on under it: nothing of it counts.
        if (under == term && !worker.Lost && stage == Stage.Training)
            Require(Standing.All(home => home.Rules.Version - at is 0 or 1), "a worker's version is whole on every shard while it computes");
        Require(
            !homes.Any(home => home?.Brought.Exists(brought => brought.Worker == w && brought.Term == under && brought.Step < at) == true),
            "a gradient is not written over while a shard may still read it");
        worker.Sent = true;
        var mine = worker.Slots;
        foreach (var piece in SlotTree.Pieces(Slots, slot => slot >= mine.First && slot < mine.End))
            for (var s = 0; s < servers.Length; s++)
                if (Has(worker.Links, s) && servers[s].Alive)
                    for (var shard = scenario.PerShard ? 0 : -1; shard < (scenario.PerShard ? Shards : 0); shard++)
                        if (shard < 0 || HomeOf(s, shard) is not null)
                            Put(wire, new Message(MessageKind.Gradient, w, under, at, piece, s, shard));
    }

    /// <summary>Whether a worker has heard of its next version from every home. Of servers that it hears no more it knows what it had heard.</summary>
    private bool IsOpen(int w)
    {
        ref var worker = ref workers[w];
        var gate = new VersionGate(homes.Length);
        for (var i = 0; i < homes.Length; i++)
        {
            var (s, shard) = (i / Shards, i % Shards);
            var isHome = Has(worker.Links, s) && (scenario.Backups || s == shard);
            if (!isHome || Has(worker.Heard, s)
                || (Breaks(BrokenRule.BackupsAreNotAwaited) && s != shard) || (Breaks(BrokenRule.OneShardIsEnough) && shard != 0))
                gate.Arrived([i], worker.Step + 1);
            else if (homes[i] is { } home)
                gate.Arrived([i], home.Rules.Version);
        }

        return gate.IsOpen(worker.Step + 1);
    }

    private Verdict Judge(Home home, Message gradient) => home.Rules.Judge(TermOf(home, gradient), VersionOf(home, gradient), gradient.Piece);

    private long TermOf(Home home, Message gradient) => Breaks(BrokenRule.TermsAreNotLookedAt) ? home.Rules.Term : gradient.Term;

    private long VersionOf(Home home, Message gradient) => Breaks(BrokenRule.VersionsAreNotLookedAt) ? home.Rules.Version : gradient.Step;

    private void Offer(Message gradient)
    {
        ref var server = ref servers[gradient.Server];
        // Links of terms that are over bring nothing more of what slots saw.
        if (HomeOf(gradient.Server, 0) is not null && gradient.Term >= server.Term && gradient.Step >= server.Forgotten)
            server.Figures |= Figures(gradient.Step, gradient.Piece);
        for (var shard = 0; shard < Shards; shard++)
        {
            ref var home = ref HomeOf(gradient.Server, shard);
            if (home is null || (gradient.Shard >= 0 && gradient.Shard != shard))
                continue;
            home = home.Copy();
            var verdict = home.Rules.Offer(TermOf(home, gradient), VersionOf(home, gradient), gradient.Piece);
            Require(verdict is not (Verdict.LaterVersion or Verdict.NotInTree), $"no gradient comes before its version ({verdict})");
            home.Forget();
            if (verdict == Verdict.Accepted)
                home.Brought.Insert(
                    home.Brought.Count(brought => brought.Piece.First < gradient.Piece.First), (gradient.Piece, gradient.Node, gradient.Term, gradient.Step));
        }
    }

    private void Commit(int s, int shard)
    {
        ref var home = ref HomeOf(s, shard);
        home = home!.Copy();
        var version = home.Rules.Version;
        Require(home.Brought.Sum(brought => brought.Piece.Count) == Slots, "each slot counts once in an update");
        Require(home.Brought.TrueForAll(brought => brought.Step == version), $"an update is made of gradients of its own version: {string.Join(", ", home.Brought)}");
        Require(home.Brought.Select(brought => brought.Term).Distinct().Count() == 1, $"an update is made of gradients of one term: {string.Join(", ", home.Brought)}");
        if (servers[s].Held)
        {
            // The buffer of the version before is written over.
            Require(Standing.All(other => other.Rules.Version >= version), "a shard goes on once all others have its version");
            var now = term;
            Require(
                !Array.Exists(workers, worker => worker is { Lost: false, Alive: true, Slots.Count: > 0 } && worker.Term == now && worker.Step < version),
                "a version is written over once nobody reads it");
        }

        home.Rules.Commit();
        home.Forget();
    }

    private void Fence(int s, int to)
    {
        servers[s].Term = to;
        if (HomeOf(s, 0) is not null && HomeOf(s, 1) is not null)
            (servers[s].FirstStand, servers[s].Fencing) = (Raise(s, 0, to), to);
        else
            Hear(new Message(MessageKind.Fenced, s, to, First: Raise(s, 0, to), Second: Raise(s, 1, to)));
    }

    private Stand Raise(int s, int shard, int to)
    {
        ref var home = ref HomeOf(s, shard);
        if (home is null)
            return Stand.None;
        home = home.Copy();
        home.Rules.RaiseTerm(to);
        home.Forget();
        return new Stand((int)home.Rules.Version, home.Rules.Complete && !Breaks(BrokenRule.DueUpdatesAreNotTold));
    }

    /// <summary>A server's process, or its part in the job, is over.</summary>
    private void End(int s)
    {
        servers[s] = new ServerState { Held = servers[s].Held };
        HomeOf(s, 0) = HomeOf(s, 1) = null;
    }

    /// <summary>A bit for each of a step's slots.</summary>
    private static uint Figures(int step, SlotRange slots) => ((1u << slots.Count) - 1) << (step * Slots + slots.First);
}
