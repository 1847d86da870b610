namespace Distributed.Cluster.Launching;

/// <summary>
/// Whether a child that ended is started again: yes, unless it ends again and again while the job comes no further. Not thread-safe.
/// </summary>
internal sealed class RestartRule
{
    /// <summary>Ends of one child, with no new step between them, after which it is given up.</summary>
    public const int Most = 3;

    private readonly Dictionary<string, int> ends = [];
    private long furthest = -1;

    /// <summary>The job has come to a step; going back over steps that were made before is no progress.</summary>
    public void Observe(long step)
    {
        if (step <= furthest)
            return;
        furthest = step;
        ends.Clear();
    }

    /// <summary>A child has ended; says whether to start it again.</summary>
    public bool Ended(string node)
    {
        ends[node] = ends.GetValueOrDefault(node) + 1;
        return ends[node] < Most;
    }
}
