using Akka.Actor;

namespace Distributed.Cluster.Coordination;

/// <summary>Which events of each node have been taken, so that those sent twice count once.</summary>
internal sealed class EventIntake
{
    private readonly Dictionary<IActorRef, long> next = [];

    /// <summary>How many events at the beginning of a batch have been taken before.</summary>
    /// <param name="node">Who sends them.</param>
    /// <param name="first">The number of the first one.</param>
    /// <param name="count">How many there are.</param>
    public int Known(IActorRef node, long first, int count)
    {
        // Of a node that was not heard before everything is new: the coordinator that knew it is gone.
        var expected = next.GetValueOrDefault(node, first);
        next[node] = Math.Max(expected, first + count);
        return (int)Math.Clamp(expected - first, 0, count);
    }

    /// <summary>The number of the next event that is expected of a node.</summary>
    public long Next(IActorRef node) => next[node];

    /// <summary>A node is gone.</summary>
    public void Forget(IActorRef node) => next.Remove(node);
}
