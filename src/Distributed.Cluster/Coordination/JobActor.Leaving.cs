using Akka.Actor;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// What a job's coordinator does about nodes that were told to end and are in order: their part is handed over, and costs no step. A worker
/// finishes its slot, and its slots are leased anew; of a server's shards a checkpoint is written while everybody holds, from which they are
/// made again elsewhere. One is written, too, before so many workers leave that training has to wait: nobody knows for how long.
/// </summary>
internal sealed partial class JobActor
{
    private readonly HashSet<string> leaving = [];

    /// <summary>The version whose checkpoint lets servers go; null: none is awaited.</summary>
    private long? handedOverAt;

    /// <summary>A node was told to end and wants to let go of its part; from the coordinator.</summary>
    public sealed record NodeLeaving(string Node);

    /// <summary>Whether what leaves now has been written down, so that all who leave may go.</summary>
    private bool handedOver;

    private bool ServersLeave => servers.Any(server => !server.Released && leaving.Contains(server.Node.Name));

    /// <summary>Whether too few workers to go on stay when those that leave are gone.</summary>
    private bool TooManyLeave =>
        begun && !handedOver && workers.Exists(worker => leaving.Contains(worker.Node.Name))
        && workers.Count(worker => worker.Prepared && !leaving.Contains(worker.Node.Name)) < membership.Least;

    private bool HandsOver => ServersLeave || TooManyLeave;

    private void Take(NodeLeaving told)
    {
        if (!leaving.Add(told.Node))
            return;
        if (workers.Exists(worker => worker.Node.Name == told.Node) || servers.Any(server => server.Node.Name == told.Node))
        {
            node.Log.NodeLeaves(told.Node);
            Notice($"{told.Node} leaves");
        }

        LetLeave();
    }

    /// <summary>Does for leaving nodes what can be done now; called again whenever that may have changed.</summary>
    private void LetLeave()
    {
        // Who wants the job to end has it end with a checkpoint, and then all are let go.
        if (failing || interruptAsked || phase is "gathering nodes" or "saving" or "finished")
            return;
        if (phase == "training" && HandsOver)
        {
            if (!holds)
                Hold();
            return;
        }

        if (TooManyLeave && waitingFor is null)
            return;
        foreach (var worker in workers.Where(worker => !worker.Leased && leaving.Contains(worker.Node.Name)).ToArray())
            LetGo(worker);
        if (workers.Find(worker => leaving.Contains(worker.Node.Name)) is { } working && (phase == "training" || stage == Stage.Linking))
            Regroup($"{working.Node.Name} leaves", again: false);
    }

    /// <summary>It has no slots any more, and takes none.</summary>
    private void LetGo(WorkerState worker)
    {
        workers.Remove(worker);
        agreement.Lose(worker.Node.Name);
        bytesOfLost += worker.BytesSent;
        membership.Dismiss(worker.Node.Name, "worker");
        worker.Node.Actor.Tell(new TrainingMessages.Release(id, "worker"));
        Recruit(job.MaxWorkers);
        Advance();
    }

    /// <summary>The checkpoint for which everybody holds is written.</summary>
    private void HandOver()
    {
        (handedOverAt, handedOver) = (null, true);
        var remake = ServersLeave;
        foreach (var server in servers.Where(server => leaving.Contains(server.Node.Name)))
            membership.Dismiss(server.Node.Name, "server");
        Regroup($"{string.Join(", ", leaving.Order(StringComparer.Ordinal))} leaves", remake);
    }
}
