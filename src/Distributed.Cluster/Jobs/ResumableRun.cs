using Distributed.Cluster.Checkpoints;
using Distributed.Learning;

namespace Distributed.Cluster.Jobs;

/// <summary>The folder of a run that has not come to its end, and where it can go on.</summary>
/// <param name="Folder">The run's folder.</param>
/// <param name="Job">The job, with the workers and servers that it is to go on with.</param>
/// <param name="Checkpoint">The folder of the newest checkpoint that is whole.</param>
/// <param name="Version">Its version.</param>
/// <param name="Damaged">A line for each newer checkpoint that is not whole.</param>
internal sealed record ResumableRun(string Folder, Job Job, string Checkpoint, long Version, IReadOnlyList<string> Damaged)
{
    /// <summary>Finds the checkpoint that a run can go on from.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="workers">The number of workers; null: that of the job.</param>
    /// <param name="servers">The number of servers; null: that of the job.</param>
    /// <exception cref="BadInputException">It is no run's folder, the run is complete, or no checkpoint of it can be used.</exception>
    public static ResumableRun Open(string folder, int? workers, int? servers)
    {
        if (!File.Exists(Path.Combine(folder, "job.hocon")))
            throw new BadInputException($"{folder}: expected the folder of a run; there is no job.hocon in it");
        if (RunState.Of(folder) is { Completed: true })
            throw new BadInputException($"{folder}: the run is complete; there is nothing to resume");
        if (GoesOn(folder))
            throw new BadInputException($"{folder}: the run is still going on");
        var (checkpoint, damaged) = RunCheckpoints.Newest(folder);
        var job = Job.Parse(Path.Combine(checkpoint.Folder, "job.hocon"), checkpoint.JobText, new JobOverrides(workers, servers));
        return new ResumableRun(folder, job, checkpoint.Folder, checkpoint.Version, damaged);
    }

    /// <summary>Whether a process of this machine writes the run's log.</summary>
    public static bool GoesOn(string folder)
    {
        try
        {
            new FileStream(Path.Combine(folder, "cluster.log"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None).Dispose();
            return false;
        }
        catch (IOException)
        {
            // Only its writer, which locks it, keeps others out.
            return true;
        }
    }
}
