using Akka.Actor;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// Which events of each node have been taken, so that those sent twice count once, and which of them are in the log: until then the node keeps
/// them, for a coordinator that is lost takes with it what it holds back.
/// </summary>
internal sealed class EventIntake
{
    private readonly Dictionary<IActorRef, long> next = [];
    private readonly Dictionary<IActorRef, long> written = [];
    private readonly Queue<(IActorRef Node, long Before, long Place)> held = new();

    /// <summary>
    /// How many events at the beginning of a batch are not to be taken: they have been before, or others come before them that a former
    /// coordinator was sent, and that the node will send again.
    /// </summary>
    /// <param name="node">Who sends them.</param>
    /// <param name="first">The number of the first one.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="oldest">The number of the oldest event that the node keeps; null where it does not say so.</param>
    public int Known(IActorRef node, long first, int count, long? oldest)
    {
        // What a node has dropped is not waited for, nor what a former coordinator has answered for: neither is kept any more.
        var from = oldest ?? first;
        var expected = Math.Max(next.GetValueOrDefault(node, from), from);
        var comesTooSoon = first > expected;
        next[node] = comesTooSoon ? expected : Math.Max(expected, first + count);
        return comesTooSoon ? count : (int)Math.Clamp(expected - first, 0, count);
    }

    /// <summary>All that has been taken of a node will be in the log when all before a place is.</summary>
    public void Hold(IActorRef node, long place) => held.Enqueue((node, next[node], place));

    /// <summary>What can be answered for now: the nodes, and before which number their events are in the log.</summary>
    /// <param name="place">All before it is in the log.</param>
    public IEnumerable<(IActorRef Node, long Before)> Written(long place)
    {
        while (held.TryPeek(out var batch) && batch.Place <= place)
        {
            held.Dequeue();
            if (!next.ContainsKey(batch.Node))
                continue;
            written[batch.Node] = batch.Before;
            yield return (batch.Node, batch.Before);
        }
    }

    /// <summary>The number before which a node's events were answered for; it may not have heard so. Null: none yet.</summary>
    public long? Answered(IActorRef node) => written.TryGetValue(node, out var before) ? before : null;

    /// <summary>A node is gone.</summary>
    public void Forget(IActorRef node)
    {
        next.Remove(node);
        written.Remove(node);
    }
}
