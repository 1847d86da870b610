using Akka.Actor;
using Akka.Cluster;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Succession;

/// <summary>A node's part in the succession, at <c>/user/successor</c> of every node that may be coordinator: keeps what the coordinator says.</summary>
internal sealed class ReplicaActor : ReceiveActor
{
    public const string Name = "successor";

    /// <summary>The file in a run's folder that says of which job it is.</summary>
    public const string IdFile = "job.id";

    public ReplicaActor(NodeContext node)
    {
        Receive<SuccessionMessages.Promise>(promise =>
        {
            if (!IsFromCoordinator())
                return;
            if (!node.Replica.Promise(promise.Epoch, promise.Coordinator))
            {
                Sender.Tell(new SuccessionMessages.Superseded(node.Replica.Epoch));
                return;
            }

            foreach (var job in node.Replica.Jobs)
                Sender.Tell(new SuccessionMessages.Recalled(promise.Epoch, job));
            Sender.Tell(new SuccessionMessages.Promised(promise.Epoch));
        });
        Receive<SuccessionMessages.Keep>(keep =>
        {
            if (IsFromCoordinator())
                Sender.Tell(
                    node.Replica.Keep(keep.Epoch, keep.Coordinator, keep.Job)
                        ? new SuccessionMessages.Kept(keep.Number)
                        : (object)new SuccessionMessages.Superseded(node.Replica.Epoch));
        });
        Receive<SuccessionMessages.SeeRun>(ask =>
        {
            if (!IsFromCoordinator())
                return;
            var name = node.Name;
            // A shared folder may be slow to answer: no dispatcher's thread waits for it.
            Task.Run(() => new SuccessionMessages.SeenRun(ask.Job, name, Sees(ask.Job, ask.Folder))).PipeTo(Sender, Self);
        });
    }

    public static Props Props(NodeContext node) => Akka.Actor.Props.Create(() => new ReplicaActor(node));

    /// <summary>Whether the folder that has a path here is that of the job's run.</summary>
    public static bool Sees(Guid job, string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, IdFile)).Trim() == $"{job}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not there, or not for us.
            return false;
        }
    }

    /// <summary>
    /// Only a member with that role says what is to be kept: what is kept here becomes orders to all nodes. And only a node that knows itself to be
    /// a member answers: whoever is still joining could not go on with it.
    /// </summary>
    private bool IsFromCoordinator()
    {
        var cluster = Akka.Cluster.Cluster.Get(Context.System);
        if (cluster.SelfMember.Status is MemberStatus.Joining)
            return false;
        var from = Sender.Path.Address is { HasGlobalScope: true } remote ? remote : cluster.SelfAddress;
        return cluster.State.Members.Any(member => member.Address.Equals(from) && member.HasRole("coordinator"));
    }
}
