namespace Distributed.Cli.Benchmarks.Simulation;

/// <summary>
/// The direction of a host's cable that leads out. Messages of one connection go in their order; connections, each of which has a sender of its own,
/// take turns, beginning behind the host's own, so that hosts do not all send to the same place at once.
/// </summary>
internal sealed class WayOut(int connections, int own)
{
    private readonly Queue<Action>[] waiting = [.. Enumerable.Range(0, connections).Select(_ => new Queue<Action>())];
    private int last = own;
    private int count;

    /// <summary>Whether a message is on its way out.</summary>
    public bool Busy { get; private set; }

    /// <summary>A message of a connection waits for its turn.</summary>
    public void Add(int connection, Action leaves)
    {
        waiting[connection].Enqueue(leaves);
        count++;
    }

    /// <summary>The next message whose turn it is; null where none waits.</summary>
    public Action? Next()
    {
        Busy = count > 0;
        if (!Busy) return null;
        do last = (last + 1) % connections;
        while (waiting[last].Count == 0);
        count--;
        return waiting[last].Dequeue();
    }
}
