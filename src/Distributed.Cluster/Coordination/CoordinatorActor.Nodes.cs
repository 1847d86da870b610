using Akka.Actor;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Security;

namespace Distributed.Cluster.Coordination;

/// <summary>Which nodes there are: those that offer themselves, are lost, or were told to end.</summary>
internal sealed partial class CoordinatorActor
{
    private void Register(MembershipMessages.Register register)
    {
        var info = register.Node;
        Sender.Tell(new MembershipMessages.Registered(node.Name, epoch, running?.Id));
        if (nodes.TryGetValue(info.Name, out var known) && known.Actor.Equals(info.Actor))
            return;
        if (Registrations.Problem(register, node.Credentials, Akka.Cluster.Cluster.Get(Context.System).SelfAddress) is { } problem)
        {
            // Told once a node: it registers again and again.
            if (refused.Count < MostRefused && refused.Add((info.Name, info.Address)))
                node.Log.NodeRefused(info.Name, info.Address, problem);
            return;
        }

        if (known is not null)
            Lose(info.Name, "it was started anew");
        nodes[info.Name] = info;
        Context.Watch(info.Actor);
        node.Log.NodeJoined(info.Name, string.Join(",", info.Roles), info.Address, info.ProcessId);
        OfferNodes();
    }

    private void LoseActor(IActorRef actor, string how)
    {
        foreach (var info in nodes.Values.Where(candidate => candidate.Actor.Equals(actor)).ToArray())
            Lose(info.Name, how);
    }

    private void Lose(string name, string how)
    {
        if (!nodes.Remove(name, out var info))
            return;
        leaving.Remove(name);
        Context.Unwatch(info.Actor);
        intake.Forget(info.Actor);
        board.Forget(info.Name);
        node.Log.NodeLost(name, how);
        running?.Actor.Tell(new JobActor.NodeGone(name, how));
    }

    /// <summary>
    /// A node was told to end, and says so until it may: a member of the job hands its part over. The coordinator's own node may end when another
    /// can take its jobs over, or no job is left; the running one ends with a checkpoint.
    /// </summary>
    private void Leave(MembershipMessages.Leaving told)
    {
        leaving.Add(told.Node);
        running?.Actor.Tell(new JobActor.NodeLeaving(told.Node));
        if (told.Node != node.Name)
        {
            Sender.Tell(new MembershipMessages.MayLeave(told.Node));
            return;
        }

        // Another coordinator goes on with what there is.
        if (MayMove)
        {
            Sender.Tell(new MembershipMessages.MayLeave(told.Node));
            return;
        }

        closing = true;
        foreach (var entry in queue.Waiting.Select(next => next.Entry).ToArray())
            Cancel(entry);
        if (running is { } job)
            Interrupt(job);
        else
            Sender.Tell(new MembershipMessages.MayLeave(told.Node));
    }
}
