namespace Distributed.Cluster.Tests.Coordination.Protocol;

/// <summary>What goes wrong.</summary>
internal sealed partial class World
{
    private void AddFaults(List<Move> moves)
    {
        var asks = stage == Stage.TakingOver;
        for (var w = 0; w < workers.Length; w++)
        {
            if (workers[w] is not { Alive: true, Lost: false, Leased: true })
                continue;
            if (!asks)
                moves.Add(new Move(MoveKind.LoseWorker, w));
            if (scenario.CoordinatorFails)
                moves.Add(new Move(MoveKind.KillWorker, w));
        }

        for (var s = 0; s < servers.Length; s++)
        {
            if (!servers[s].Alive || !servers[s].Held)
                continue;
            if (!asks)
                moves.Add(new Move(MoveKind.LoseServer, s));
            if (!scenario.CoordinatorFails)
                continue;
            moves.Add(new Move(MoveKind.KillServer, s));
            if (Mask(workers.Length, w => Waits(w, s)) is > 0 and var waiting)
                moves.Add(new Move(MoveKind.KillServer, s, waiting));
        }

        if (stage == Stage.Training)
            moves.Add(new Move(MoveKind.Restart));
        if (scenario.Repeats)
            foreach (var message in wire.Where(message => message.Kind == MessageKind.Gradient).Distinct())
                moves.Add(new Move(MoveKind.RepeatGradient, Message: message));
        if (!scenario.CoordinatorFails || asks)
            return;
        // With what workers had reported since it wrote anything down, or just before they report it.
        moves.Add(new Move(MoveKind.KillCoordinator));
        if (Told() != 0)
            moves.Add(new Move(MoveKind.KillCoordinator, 1));
        if (stage == Stage.Training && Next(reported | Told()) > written)
            moves.Add(new Move(MoveKind.Record));
    }

    /// <summary>Whether a worker may or may not have heard yet that a server has its next version.</summary>
    private bool Waits(int w, int s) =>
        workers[w] is { Alive: true, Sent: true } worker && Has(worker.Links, s)
        && Enumerable.Range(0, Shards).All(shard => HomeOf(s, shard) is not { } home || home.Rules.Version > worker.Step);

    private void Fail(Move fault)
    {
        var at = fault.A;
        switch (fault.Kind)
        {
            case MoveKind.LoseWorker:
                LoseWorker(at);
                break;
            case MoveKind.LoseServer:
                LoseServer(at);
                break;
            case MoveKind.Restart:
                Regroup();
                break;
            case MoveKind.KillWorker:
                workers[at] = new WorkerState { Term = workers[at].Term, Leased = workers[at].Leased };
                LoseWorker(at);
                break;
            case MoveKind.KillServer:
                End(at);
                for (var w = 0; w < workers.Length; w++)
                    if (Has(fault.B, w))
                        workers[w].Heard |= 1 << at;
                LoseServer(at);
                break;
            case MoveKind.KillCoordinator:
                LoseCoordinator(reportsToo: at == 1);
                break;
        }
    }
}
