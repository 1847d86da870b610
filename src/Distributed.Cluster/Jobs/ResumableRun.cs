using System.Text.Json;
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
        if (StatusOf(folder) == "completed")
            throw new BadInputException($"{folder}: the run is complete; there is nothing to resume");
        var (checkpoint, damaged) = RunCheckpoints.Newest(folder);
        var job = Job.Parse(Path.Combine(checkpoint.Folder, "job.hocon"), checkpoint.JobText, new JobOverrides(workers, servers));
        return new ResumableRun(folder, job, checkpoint.Folder, checkpoint.Version, damaged);
    }

    private static string? StatusOf(string folder)
    {
        try
        {
            using var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "summary.json")));
            return summary.RootElement.GetProperty("status").GetString();
        }
        catch (Exception exception) when (exception is IOException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A run that was killed before it could write one.
            return null;
        }
    }
}
