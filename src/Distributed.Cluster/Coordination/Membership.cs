namespace Distributed.Cluster.Coordination;

/// <summary>
/// Which nodes may work for a job: as many as it wants, none that has not let go of what it did for the job before, none that has just
/// failed to link. Knows names and times, and no actors.
/// </summary>
/// <param name="least">The job's <c>min-workers</c>.</param>
/// <param name="most">The job's <c>max-workers</c>.</param>
internal sealed class Membership(int least, int most)
{
    /// <summary>How long a node is left alone after its first failure; each further one doubles it.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly HashSet<(string Node, string Role)> leaving = [];
    private readonly Dictionary<string, (int Failures, long Until)> barred = [];

    public int Least => least;

    public int Most => most;

    /// <summary>The node was told to let go of its part; until it has, it takes no new one.</summary>
    public void Dismiss(string node, string role) => leaving.Add((node, role));

    /// <summary>The node has let go, or is gone.</summary>
    public void LetGo(string node, string role) => leaving.Remove((node, role));

    public bool IsLeaving(string node, string role) => leaving.Contains((node, role));

    /// <summary>The node failed in a way that may pass.</summary>
    /// <param name="now">Milliseconds of any steady clock.</param>
    public void Bar(string node, long now)
    {
        var failures = barred.GetValueOrDefault(node).Failures + 1;
        var pause = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, failures - 1));
        barred[node] = (failures, now + (long)pause);
    }

    /// <summary>The node failed in a way that does not pass.</summary>
    public void BarForGood(string node) => barred[node] = (1, long.MaxValue);

    /// <summary>A new process under the node's name begins with a clean slate.</summary>
    public void Forgive(string node) => barred.Remove(node);

    /// <summary>Which of the free worker nodes join the present members, in the order given.</summary>
    public IReadOnlyList<string> Recruits(IEnumerable<string> nodes, IReadOnlyCollection<string> members, long now) =>
    [
        .. nodes.Where(node => !members.Contains(node) && !IsLeaving(node, "worker") && barred.GetValueOrDefault(node).Until <= now)
            .Take(Math.Max(0, most - members.Count)),
    ];

    /// <summary>Which nodes serve: those that did so far come first.</summary>
    /// <param name="wanted">The job's <c>servers</c>.</param>
    public IReadOnlyList<string> Servers(IEnumerable<string> nodes, IReadOnlyCollection<string> former, int wanted) =>
        [.. nodes.Where(node => !IsLeaving(node, "server")).OrderBy(node => former.Contains(node) ? 0 : 1).Take(wanted)];
}
