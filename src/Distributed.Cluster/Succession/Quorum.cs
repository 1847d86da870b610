namespace Distributed.Cluster.Succession;

/// <summary>
/// What waits until a majority of the nodes that may be coordinator has it. The node that writes is one of them and has it at once, so a single
/// one waits for nobody.
/// </summary>
/// <typeparam name="T">Names a node.</typeparam>
internal sealed class Quorum<T> where T : notnull
{
    private readonly SortedDictionary<long, (HashSet<T> Acknowledged, Action Then)> pending = [];
    private HashSet<T> others = [];

    /// <summary>The numbers that are not with a majority yet, and the nodes that have not acknowledged them.</summary>
    public IReadOnlyList<(long Number, IReadOnlyList<T> Missing)> Pending =>
        [.. pending.Select(wait => (wait.Key, (IReadOnlyList<T>)[.. others.Except(wait.Value.Acknowledged)]))];

    /// <summary>A majority of all, less the node that writes.</summary>
    private int Needed => (others.Count + 1) / 2;

    /// <summary>Who may be coordinator besides this node. Whoever left is not waited for any more.</summary>
    public void Members(IEnumerable<T> besides)
    {
        others = [.. besides];
        Complete();
    }

    /// <summary>Calls <paramref name="then"/> once a majority has the number, which may be now. Numbers grow.</summary>
    public void Begin(long number, Action then)
    {
        pending.Add(number, ([], then));
        Complete();
    }

    /// <summary>A node has it.</summary>
    public void Acknowledge(T node, long number)
    {
        if (pending.TryGetValue(number, out var wait) && others.Contains(node) && wait.Acknowledged.Add(node))
            Complete();
    }

    private void Complete()
    {
        foreach (var (number, wait) in pending.Where(wait => wait.Value.Acknowledged.Count(others.Contains) >= Needed).ToArray())
            if (pending.Remove(number))
                wait.Then();
    }
}
