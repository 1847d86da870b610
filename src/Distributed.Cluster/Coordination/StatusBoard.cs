using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Coordination;

/// <summary>What whoever watches is told: the newest snapshot of the newest job with its curves, and how the nodes are.</summary>
/// <param name="clock">Gives the time of statuses; null for the system's.</param>
internal sealed class StatusBoard(TimeProvider? clock = null)
{
    private const int NoticesKept = 12;

    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly Dictionary<string, MembershipMessages.Vitals> vitals = [];
    private readonly ThinnedCurve losses = new();
    private readonly ThinnedCurve testLosses = new();
    private readonly Queue<string> notices = new();
    private Guid shown;
    private RunProgress? newest;
    private RunProgress? first;

    /// <summary>A job begins; what was known of the one before is forgotten.</summary>
    public void Begin(Guid job)
    {
        shown = job;
        (newest, first) = (null, null);
        losses.Clear();
        testLosses.Clear();
        notices.Clear();
    }

    /// <summary>Takes a snapshot of the job.</summary>
    public void Take(RunProgress progress)
    {
        foreach (var notice in progress.Notices)
        {
            notices.Enqueue(notice);
            if (notices.Count > NoticesKept)
                notices.Dequeue();
        }

        newest = progress with { Notices = [] };
        if (progress.Step > 0)
            losses.Add(progress.Step, progress.Loss);
        if (progress.TestLoss is { } loss)
            testLosses.Add(progress.Step, loss);
        // What passed before the first step says nothing of the pace, nor do steps that were gone back from.
        if (progress.Step > 0 && (first is null || progress.Step < first.Step))
            first = newest;
    }

    /// <summary>Takes how a node is.</summary>
    public void Take(MembershipMessages.Vitals node) => vitals[node.Node] = node;

    /// <summary>A node is gone.</summary>
    public void Forget(string node) => vitals.Remove(node);

    /// <summary>How the cluster stands, and the job of an entry.</summary>
    public ClusterStatus Of(string coordinator, JobEntry? job, IEnumerable<MembershipMessages.NodeInfo> nodes, int waiting) => new(
        clock.GetUtcNow(), coordinator, job is null ? null : Of(job),
        [
            .. nodes.OrderBy(node => node.Name, StringComparer.Ordinal).Select(node =>
            {
                var known = vitals.GetValueOrDefault(node.Name);
                return new NodeStatus(
                    node.Name, node.Roles, node.Address, node.ProcessId, node.Cores, known?.MemoryBytes ?? 0, known?.CoresBusy ?? 0, known?.Server)
                {
                    ManagedBytes = known?.ManagedBytes ?? 0,
                    ManagedInUse = known?.ManagedInUse ?? 0,
                    PausedSeconds = known?.PausedSeconds ?? 0,
                };
            }),
        ],
        waiting);

    private RunStatus Of(JobEntry job) => job.Id != shown
        ? new RunStatus(job, null, null, [], [], [])
        : new RunStatus(job, newest, job.Outcome is null ? SecondsLeft() : null, losses.Points, testLosses.Points, [.. notices]);

    private double? SecondsLeft()
    {
        if (newest is null || first is null)
            return null;
        var (steps, seconds) = (newest.Step - first.Step, newest.ElapsedSeconds - first.ElapsedSeconds);
        return steps > 0 && seconds > 0 ? Math.Round((newest.Steps - newest.Step) * seconds / steps, 1) : null;
    }
}
