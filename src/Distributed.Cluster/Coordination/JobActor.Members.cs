using Akka.Actor;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Coordination;

/// <summary>What a job's coordinator does about its members: who joins, who is lost, whose failure ends the job and whose does not.</summary>
internal sealed partial class JobActor
{
    /// <summary>So many failures with no step between them are no accident.</summary>
    private const int MostFailuresInARow = 8;

    /// <summary>So long without a word, when a link has broken, is enough for a worker: it may join again.</summary>
    private static readonly TimeSpan SilenceAfterLoss = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, MembershipMessages.NodeInfo> nodes = [];
    private readonly Membership membership;
    private int failuresInARow;
    private bool linkLost;
    private long lastLook = Environment.TickCount64;
    private long recordedBelow;
    private long bytesOfLost;

    private void Always()
    {
        Receive<TrainingMessages.MemberFailed>(Take);
        Receive<WorkFailed>(Take);
        Receive<WorkOver>(over =>
        {
            inHand.Remove(over.Name);
            Advance();
        });
        Receive<Available>(available =>
        {
            Know(available);
            Recruit(job.MaxWorkers);
            Advance();
        });
        Receive<NodeGone>(gone =>
        {
            nodes.Remove(gone.Node);
            membership.LetGo(gone.Node, "worker");
            membership.LetGo(gone.Node, "server");
            membership.Forgive(gone.Node);
            leaving.Remove(gone.Node);
            Lose(gone.Node, gone.How, null);
        });
        Receive<TrainingMessages.Released>(released =>
        {
            membership.LetGo(released.Node, released.Role);
            if (released.Role == "server" && Array.Find(servers, server => server.Node.Name == released.Node) is { Released: false } server && rebuild)
            {
                server.Released = true;
                server.BytesSent = released.BytesSent;
                regrouping.LetGo(released.Node);
            }

            Recruit(job.MaxWorkers);
            Advance();
        });
        Receive<NodeLeaving>(Take);
        ComparingData();
        Receive<TrainingMessages.WorkerPrepared>(Take);
        Receive<ProgressMessages.WorkerReport>(Take);
        Receive<TrainingMessages.ServerReport>(report =>
        {
            if (Array.Find(servers, candidate => candidate.Node.Name == report.Node) is { } server)
                (server.Silence, server.Version, server.MissingSlots) = (TimeSpan.Zero, report.Version, report.MissingSlots);
            else
                Dismiss(report.Node, "server");
        });
        Receive<BestSaved>(Take);
        Receive<TrainingMessages.RateSet>(Take);
        Receive<CheckpointKept>(Take);
        Receive<CheckpointRead>(Take);
        Receive<CheckpointWritten>(Take);
        Receive<Saved>(Take);
        Succeeding();
    }

    private IEnumerable<MembershipMessages.NodeInfo> NodesOf(string role) =>
        nodes.Values.Where(known => known.Roles.Contains(role) && !leaving.Contains(known.Name)).OrderBy(known => known.Name, StringComparer.Ordinal);

    private void Know(Available available)
    {
        nodes.Clear();
        foreach (var known in available.Nodes)
            nodes[known.Name] = known;
    }

    /// <summary>Has free nodes get ready to work, up to so many workers in all.</summary>
    private void Recruit(int most)
    {
        if (failing || phase is "gathering nodes" or TakingOverPhase or "saving" or "finished")
            return;
        var names = workers.Select(worker => worker.Node.Name).ToArray();
        foreach (var name in membership.Recruits(NodesOf("worker").Select(known => known.Name), names, Environment.TickCount64)
            .Take(Math.Max(0, most - names.Length)))
        {
            var worker = new WorkerState(nodes[name]);
            workers.Add(worker);
            worker.Node.Actor.Tell(new TrainingMessages.Train(id, job.Text, secret, TellsOfData: !begun && workers.Count == 1));
        }
    }

    private void Take(TrainingMessages.WorkerPrepared data)
    {
        if (Heard(data.Node, "worker") is not { } worker)
            return;
        if (sampler is not null && sampler.Samples != data.TrainingSamples)
        {
            var first = workers.First(other => other.Prepared).Node.Name;
            Refuse(worker, new TrainingMessages.MemberFailed(
                id, data.Node, TrainingMessages.CauseRank.Own,
                $"{data.Node} has {data.TrainingSamples} training samples, {first} has {sampler.Samples}: the nodes' data differ", null, BadInput: true));
            return;
        }

        try
        {
            if (sampler is null)
                BeginFigures(data.TrainingSamples, data.TestSamples, FirstVersion);
        }
        catch (BadInputException exception)
        {
            Fail(MemberFailure.Describe(id, node.Name, exception));
            return;
        }

        if (worker.Prepared)
            return;
        worker.Prepared = true;
        if (begun)
            node.Log.MemberJoined(worker.Node.Name);
        if (phase == "training")
            JoinPrepared();
        else
            Advance();
    }

    /// <summary>Workers that have got ready while others trained are given slots.</summary>
    private void JoinPrepared()
    {
        if (holds || interruptAsked || stoppedAt is not null || board!.Next == Steps || workers.Find(worker => worker is { Prepared: true, Leased: false }) is not { } joining)
            return;
        Notice($"{joining.Node.Name} joins");
        Regroup($"{joining.Node.Name} joins", again: false);
    }

    /// <summary>A node that can't work for this job: it ends the job where the job began with it, and is left out where it came later.</summary>
    private void Refuse(WorkerState worker, TrainingMessages.MemberFailed failed)
    {
        if (!begun)
        {
            Fail(failed);
            return;
        }

        membership.BarForGood(worker.Node.Name);
        Exclude(worker, failed.Reason);
    }

    private void Take(TrainingMessages.MemberFailed failed)
    {
        var worker = Heard(failed.Node, "worker");
        var server = Array.Find(servers, candidate => candidate.Node.Name == failed.Node);
        if ((worker is null && server is null) || (failed.Term > 0 && failed.Term < term))
            return;
        node.Log.MemberFailed(failed.Node, failed.Rank.ToString(), failed.Reason, failed.Detail ?? "");
        if (failing)
        {
            Fail(failed);
            return;
        }

        if (failed.Rank is TrainingMessages.CauseRank.Own or TrainingMessages.CauseRank.Consequence)
        {
            if (worker is { Leased: false } && failed.Term == 0 && server is null)
                Refuse(worker, failed);
            else
                Fail(failed);
            return;
        }

        // With the model saved, or with everybody asked to let go, links may end.
        if (phase is "saving" or "finished")
            return;
        if (++failuresInARow > MostFailuresInARow)
        {
            Fail(failed);
            return;
        }

        linkLost |= failed.Rank == TrainingMessages.CauseRank.LinkLost;
        if (worker is not null && stage == Stage.Linking && phase != "training" && ++worker.LinkFailures > 1)
        {
            membership.Bar(failed.Node, Environment.TickCount64);
            Exclude(worker, failed.Reason);
            return;
        }

        if (failed.Rank == TrainingMessages.CauseRank.TimedOut && worker is not null
            && Leased.FirstOrDefault(other => other != worker && AwaitedSlots.Overlaps(other.Slots)) is { } late)
        {
            Exclude(late, $"its slots {late.SlotsText} were waited for in vain: {failed.Reason}");
            return;
        }

        var broken = server is not null && !failed.CanGoOn;
        // Two servers have lost each other: most likely because one of them is lost, which will show while all stand still.
        serverLinkLost |= broken && failed.Rank == TrainingMessages.CauseRank.LinkLost;
        Restart($"{failed.Node}: {failed.Reason}", again: broken && !serverLinkLost);
    }

    private void Take(WorkFailed failed)
    {
        if (failed.Name is RestoreWork or BestWork or SaveWork && failed.Cause is LinkException or TimeoutException && !failing
            && ++failuresInARow <= MostFailuresInARow)
        {
            // The server's end may be known already, and is what the regrouping under way is about.
            if (failed.Name != RestoreWork)
                Restart($"{failed.Name}: {failed.Cause.Message}", again: !PromoteBackups());
            else if (stage == Stage.Restoring)
                Restart($"{failed.Name}: {failed.Cause.Message}", again: true);
            return;
        }

        Fail(MemberFailure.Describe(id, node.Name, failed.Cause));
    }

    private void Restart(string why, bool again)
    {
        if (begun && phase is "training" or "saving")
            restarts++;
        Regroup(why, again);
    }

    /// <summary>The worker of that name, of which something has been heard; whoever is none is told so, since it may have been one.</summary>
    private WorkerState? Heard(string name, string role)
    {
        if (workers.Find(candidate => candidate.Node.Name == name) is { } worker)
        {
            worker.Silence = TimeSpan.Zero;
            return worker;
        }

        Dismiss(name, role);
        return null;
    }

    private void Dismiss(string name, string role)
    {
        if (membership.IsLeaving(name, role) && nodes.TryGetValue(name, out var known))
            known.Actor.Tell(new TrainingMessages.Release(id, role));
    }

    /// <summary>Goes on without a worker that may be alive: it has to let go before it can join again, and what it sends is dropped.</summary>
    private void Exclude(WorkerState worker, string why)
    {
        membership.Dismiss(worker.Node.Name, "worker");
        worker.Node.Actor.Tell(new TrainingMessages.Release(id, "worker"));
        Lose(worker.Node.Name, why, "worker");
    }

    private void ExcludeByName(string name, string why)
    {
        if (workers.Find(candidate => candidate.Node.Name == name && candidate.Leased) is { } worker)
        {
            Exclude(worker, why);
            return;
        }

        membership.Dismiss(name, "server");
        if (nodes.TryGetValue(name, out var known))
            known.Actor.Tell(new TrainingMessages.Release(id, "server"));
        Lose(name, why, "server");
    }

    /// <summary>A member is no longer one; what follows depends on what it was and on how far the job is.</summary>
    /// <param name="role">As what it is lost; null: its node is gone.</param>
    private void Lose(string name, string how, string? role)
    {
        var worker = role == "server" ? null : workers.Find(candidate => candidate.Node.Name == name);
        var server = role == "worker" ? null : Array.Find(servers, candidate => candidate.Node.Name == name && !candidate.Released);
        if (worker is null && server is null)
            return;
        node.Log.MemberLost(name, server is null ? "worker" : worker is null ? "server" : "worker, server", how);
        if (worker is not null)
        {
            workers.Remove(worker);
            agreement.Lose(name);
            bytesOfLost += worker.BytesSent;
        }

        if (server is not null)
            server.Released = true;
        if (failing)
        {
            Fail(new TrainingMessages.MemberFailed(id, name, TrainingMessages.CauseRank.NodeLost, $"{name} is gone: {how}", null, BadInput: false));
            return;
        }

        // What is read from a server that is lost fails by itself.
        if (phase == "saving")
            return;
        Notice($"{name} is lost: {how}");
        if (begun && (server is not null || worker!.Prepared))
            restarts++;
        var why = $"{name} is lost: {how}";
        var again = server is not null && !PromoteBackups();
        if (phase == "training")
        {
            if (server is not null || worker!.Leased)
                Regroup(why, again);
        }
        else if (stage == Stage.Quieting && server is not null && rebuild)
        {
            regrouping.LetGo(name);
            if (worker is not null)
                regrouping.LoseWorker(name);
            Advance();
        }
        else if (server is not null || (stage == Stage.Linking && worker!.Leased))
        {
            Regroup(why, again);
        }
        else
        {
            regrouping.LoseWorker(name);
            Advance();
        }

        Recruit(job.MaxWorkers);
    }

    /// <summary>Members say something several times a second; whoever does not for long is not waited for.</summary>
    private void WatchForSilence()
    {
        // However long this node itself stood still: what others said in that time is in its mailbox.
        var passed = TimeSpan.FromMilliseconds(Math.Min(Environment.TickCount64 - lastLook, 4 * node.Settings.ProgressInterval.TotalMilliseconds));
        lastLook = Environment.TickCount64;
        foreach (var worker in workers)
            worker.Silence += passed;
        foreach (var server in servers.Where(server => server is { Released: false, Endpoint: not null }))
            server.Silence += passed;
        var bound = node.Settings.Deadlines.Silence;
        var suspected = linkLost && stage == Stage.Quieting && phase == Reforming;
        if (workers.Find(worker => worker.Silence > Allowed(worker)) is { } silent)
            Exclude(silent, $"no word of it for {silent.Silence.TotalSeconds:F0} s");
        else if (Array.Find(servers, server => !server.Released && server.Silence > bound) is { } mute)
            ExcludeByName(mute.Node.Name, $"no word of it for {mute.Silence.TotalSeconds:F0} s");
        if (phase == "training")
        {
            linkLost = false;
            Recruit(job.MaxWorkers);
        }

        // Whoever loads libraries and data for the first time has the deadline of that, which is watched over where it is waited for.
        TimeSpan Allowed(WorkerState worker) =>
            !worker.Prepared ? phase == "training" ? node.Settings.Deadlines.Prepare : TimeSpan.MaxValue
            : suspected && worker.Leased && SilenceAfterLoss < bound ? SilenceAfterLoss : bound;
    }
}
