using Akka.Actor;
using Distributed.Cluster.Chaos;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Ledgers;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Succession;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// What a job's coordinator does so that another one can take its place, and what it does in that place: hear from the members what they do and
/// hold, and regroup under a higher term. Servers still hold their shards, so no step is lost.
/// </summary>
internal sealed partial class JobActor
{
    private const string TakingOverPhase = "taking over";
    private const string RecordWork = "record";

    /// <summary>How often at most figures are written to the disk, where another coordinator may need them.</summary>
    private static readonly TimeSpan RecordEvery = TimeSpan.FromSeconds(1);

    private readonly IActorRef? keeper;
    private readonly SuccessionMessages.KeptRun? former;
    private readonly Inheritance? inheritance;
    private (long Number, Action? Then) keeping;
    private bool inherits;
    private bool guarded;
    private long recordedAt = Environment.TickCount64;

    /// <summary>To the coordinator: has this where its successor finds it; answered by <see cref="Kept"/>.</summary>
    public sealed record Keep(Guid Job, long Number, SuccessionMessages.KeptRun Run);

    /// <summary>A majority of the nodes that may be coordinator has it.</summary>
    public sealed record Kept(long Number);

    /// <summary>Whether another coordinator can take the job over, with a line for whoever watches; from the coordinator.</summary>
    public sealed record Guarded(bool IsSo, string? Line);

    private sealed record OnDisk(long Below);

    private void Succeeding()
    {
        Receive<Kept>(kept =>
        {
            if (kept.Number != keeping.Number || keeping.Then is not { } then)
                return;
            keeping.Then = null;
            then();
        });
        Receive<Guarded>(told =>
        {
            guarded = told.IsSo;
            if (told.Line is { } line)
                Notice(line);
        });
        Receive<OnDisk>(flushed => TellRecorded(flushed.Below));
    }

    /// <summary>Goes on once a successor would know how the job stands; whatever was to follow an earlier call does not any more.</summary>
    private void KeepThen(Action then)
    {
        keeping = (keeping.Number + 1, null);
        if (keeper is null)
        {
            then();
            return;
        }

        keeping.Then = then;
        keeper.Tell(new Keep(id, keeping.Number, new SuccessionMessages.KeptRun(
            node.Name, secret, term, sampler?.Samples ?? 0, evaluations?.TestSamples ?? 0, streamed,
            rebuild ? [] : [.. servers.Where(server => !server.Released).Select(server => server.Node.Name)],
            [.. workers.Where(worker => worker.Prepared).Select(worker => worker.Node.Name)])));
    }

    private void TakingOver()
    {
        Receive<Available>(available =>
        {
            foreach (var member in available.Nodes.Where(member => !nodes.TryGetValue(member.Name, out var known) || !known.Actor.Equals(member.Actor)))
                member.Actor.Tell(new TrainingMessages.Adopt(id));
            Know(available);
        });
        Receive<TrainingMessages.Adopted>(adopted => inheritance!.Take(adopted));
        Receive<TrainingMessages.WorkerHere>(worker => inheritance!.Take(worker));
        Receive<TrainingMessages.ServerHolds>(server => inheritance!.Take(server));
        Receive<TrainingMessages.WorkerPrepared>(worker => inheritance!.Take(new TrainingMessages.WorkerHere(id, worker.Node, true)));
        Receive<NodeGone>(gone =>
        {
            nodes.Remove(gone.Node);
            inheritance!.Lose(gone.Node);
        });
        Receive<LayoutReady>(ready => layout = ready.Layout);
        Receive<JobMessages.Interrupt>(_ => interruptAsked = true);
        Receive<Tick>(_ =>
        {
            Publish();
            // Whoever says nothing for so long is lost.
            if (layout is not null && (inheritance!.Awaited.Count == 0 || PhaseLasts(node.Settings.Deadlines.Silence)))
                GoOnWithWhatIsThere();
        });
        // Links, leases and terms are those of the former coordinator until all stand still.
        Receive<TrainingMessages.MemberFailed>(failed => node.Log.MemberFailed(failed.Node, failed.Rank.ToString(), failed.Reason, failed.Detail ?? ""));
        Always();
    }

    private void BeginTakingOver()
    {
        phase = TakingOverPhase;
        Become(TakingOver);
        Work("layout", () =>
        {
            using var module = job.Model.Build(job.Seed);
            return new LayoutReady(ParameterLayout.Of(module, job.Precision));
        });
    }

    private void GoOnWithWhatIsThere()
    {
        var homes = inheritance!.Homes(layout!.Length);
        servers = homes is null
            ? [.. inheritance.Servers.Where(server => nodes.ContainsKey(server.Key)).Select(server => new ServerState(nodes[server.Key], server.Value.Shards, []))]
            : [.. homes.Where(home => nodes.ContainsKey(home.Server)).Select(home => new ServerState(nodes[home.Server], home.Shards, home.Backups))];
        foreach (var server in servers)
            if (inheritance.Servers[server.Node.Name].At is { } at)
                server.Endpoint = new TrainingMessages.DataAddress(at.Host, at.Port, at.UnixName, at.HostId);
        foreach (var (name, prepared) in inheritance.Workers.Where(worker => nodes.ContainsKey(worker.Key)))
            // Whoever was given slots, or may have been, is halted.
            workers.Add(new WorkerState(nodes[name]) { Prepared = prepared, Leased = prepared });
        agreement.Settle();
        (term, streamed, begun, inherits) = (former!.Term, former.Streamed, true, true);
        regroupedAt = checkpointAt = Environment.TickCount64;
        restarts++;
        try
        {
            BeginFigures(former.Samples, former.TestSamples, files.Earlier.Figures.NextStep);
        }
        catch (BadInputException exception)
        {
            Fail(Nodes.MemberFailure.Describe(id, node.Name, exception));
            return;
        }

        recordedBelow = files.Earlier.Figures.NextStep;
        if (stoppedAt == Steps)
            stoppedAt = null;
        evaluations = new EvaluationBoard(former.TestSamples, evaluation?.Version ?? -1);
        if (homes is not null)
            DescribeServers();
        node.Log.TookOver(job.Name, former.Coordinator, board!.Next, term);
        Notice($"{node.Name} takes over from {former.Coordinator}, which is gone");
        Regroup($"{node.Name} takes over from {former.Coordinator}", again: homes is null);
    }

    /// <summary>
    /// All stand still under this coordinator's first term. What the former one may have decided and not said: rates are told again, and the
    /// weights of the best version are those of the file, or still on the shards.
    /// </summary>
    /// <returns>False: the run's files do not go as far as the shards, so only a checkpoint helps.</returns>
    private bool Inherit()
    {
        inherits = false;
        if (!Inheritance.CanGoOn(board!.Next, firstStep))
        {
            Regroup($"the run's files end before step {board.Next}, and the shards stand at {firstStep}", again: true);
            return false;
        }

        if (evaluation is not { } newest)
            return true;
        decision = new TrainingMessages.Decided(id, newest.Version, stoppedAt == newest.Version);
        if (plateau is not null)
            foreach (var server in servers)
            {
                ratesAwaited.Add(server.Node.Name);
                server.Node.Actor.Tell(new TrainingMessages.SetRate(id, newest.Version, plateau.Rate));
            }

        if (earlyStopping is { RestoresBest: true, Best: { } best })
        {
            savesBest = true;
            var (store, file, model, held) = (Store(), BestFile, files.ModelFile, firstStep);
            Work(BestWork, () =>
            {
                if (best.Version == held)
                    return new BestSaved(best, WriteModel(store, held, file));
                return ReadBest(store, file, model) is { } kept && kept.Version == best.Version
                    ? new BestSaved(best, kept.WeightsSha256)
                    : throw new BadInputException($"{file}: expected the weights of the best evaluation, of version {best.Version}");
            });
        }

        return true;
    }

    /// <summary>What is in the run's files need not be kept elsewhere: on the disk, where another machine may have to read it.</summary>
    private void TellRecorded()
    {
        if (board!.Next == recordedBelow || inHand.Contains(RecordWork))
            return;
        var below = board.Next;
        if (!guarded)
        {
            if (files.Flush() & ledger!.Flush())
                TellRecorded(below);
            return;
        }

        if (Environment.TickCount64 - recordedAt < RecordEvery.TotalMilliseconds)
            return;
        recordedAt = Environment.TickCount64;
        var written = files.Flush();
        node.Chaos?.At(ChaosPhase.WhileRecording, below);
        if (!(written & ledger!.Flush()))
            return;
        var before = recordedBelow;
        string[] figures = [files.MetricsFile, LedgerFile.Of(files.Folder)];
        Work(RecordWork, () =>
        {
            try
            {
                foreach (var file in figures)
                    Disk.Flush(file);
                return new OnDisk(below);
            }
            catch (IOException exception)
            {
                node.Log.NotWritten(files.Folder, exception.Message);
                return new OnDisk(before);
            }
        });
    }

    private void TellRecorded(long below)
    {
        recordedBelow = below;
        foreach (var server in servers.Where(server => server.Held is [{ Shard: 0 }, ..]))
            server.Node.Actor.Tell(new TrainingMessages.Recorded(id, below));
    }

    /// <summary>
    /// Nobody goes on from an evaluation that only this process knows: its successor could not make it again. Where the disk has no room a
    /// successor would find that the files end too soon, and go back to a checkpoint: to the same bits.
    /// </summary>
    private void RecordEvaluation()
    {
        if (!(files.Flush() & ledger!.Flush()) || !guarded)
            return;
        try
        {
            Disk.Flush(files.MetricsFile);
            Disk.Flush(LedgerFile.Of(files.Folder));
        }
        catch (IOException exception)
        {
            node.Log.NotWritten(files.Folder, exception.Message);
        }
    }
}
