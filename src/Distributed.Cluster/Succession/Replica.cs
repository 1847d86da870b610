using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Succession;

/// <summary>
/// What one node keeps of the coordinator's state, whichever node is coordinator: the jobs, and which coordinator is the newest. What older
/// ones still send is refused. Safe to call from several threads.
/// </summary>
internal sealed class Replica
{
    /// <summary>So many jobs that have ended are kept.</summary>
    private const int Remembered = 100;

    private readonly Lock gate = new();
    private readonly Dictionary<Guid, SuccessionMessages.KeptJob> jobs = [];
    private long epoch;
    private Guid coordinator;

    /// <summary>The highest epoch that this node has heard of.</summary>
    public long Epoch
    {
        get
        {
            lock (gate)
                return epoch;
        }
    }

    /// <summary>All jobs, in the order in which they were submitted.</summary>
    public IReadOnlyList<SuccessionMessages.KeptJob> Jobs
    {
        get
        {
            lock (gate)
                return [.. jobs.Values.OrderBy(job => job.Entry.Submitted)];
        }
    }

    /// <summary>A coordinator begins; false where one of a higher epoch has, or another of the same.</summary>
    public bool Promise(long to, Guid whom)
    {
        lock (gate)
        {
            if (to < epoch || (to == epoch && whom != coordinator))
                return false;
            (epoch, coordinator) = (to, whom);
            return true;
        }
    }

    /// <summary>Keeps how a job stands, unless something newer is known of it; false where the coordinator is no longer one.</summary>
    public bool Keep(long of, Guid whom, SuccessionMessages.KeptJob job)
    {
        lock (gate)
        {
            if (!Promise(of, whom))
                return false;
            Add(job);
            return true;
        }
    }

    /// <summary>Takes over what another node has kept, where it is newer.</summary>
    public void Add(SuccessionMessages.KeptJob job)
    {
        lock (gate)
        {
            if (jobs.TryGetValue(job.Entry.Id, out var known) && known.Change >= job.Change)
                return;
            jobs[job.Entry.Id] = job;
            // That a job has ended is kept as long as it is remembered, so that no node that missed it has it run again.
            foreach (var old in jobs.Values.Where(kept => kept.Entry.Outcome is not null).OrderBy(kept => kept.Entry.Ended)
                .SkipLast(Remembered).ToArray())
                jobs.Remove(old.Entry.Id);
        }
    }
}
