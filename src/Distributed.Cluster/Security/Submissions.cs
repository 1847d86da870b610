using Distributed.Cluster.Protocol;
using Distributed.Transport;

namespace Distributed.Cluster.Security;

/// <summary>Whether a job that comes from elsewhere may run here.</summary>
internal static class Submissions
{
    /// <summary>The longest job file, in characters.</summary>
    public const int MostCharacters = 200_000;

    /// <summary>Why a submission is refused; null where it is not.</summary>
    /// <param name="runsFolder">Where this coordinator keeps the folders of runs.</param>
    public static string? Problem(JobMessages.Submit job, Credentials credentials, string runsFolder)
    {
        if (job.JobText.Length > MostCharacters || job.JobName.Length > 1000)
            return $"the job has {job.JobText.Length} characters, more than {MostCharacters}";
        var statement = Statements.Submits(job);
        if (credentials.Problem(job.Credential, statement, host: null, mustBeFresh: true, [CertificateRoles.Client]) is { } problem
            && credentials.Problem(job.Credential, statement, host: null, mustBeFresh: true, [CertificateRoles.Coordinator]) is not null)
            return $"the coordinator does not take this job: {problem}";
        return Outside(job.OutFolder, "the run's folder", runsFolder) ?? Outside(job.Checkpoint, "the checkpoint", runsFolder);
    }

    private static string? Outside(string? path, string what, string runsFolder)
    {
        if (path is null)
            return null;
        var below = Path.GetFullPath(runsFolder).TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        return !path.Contains('\0', StringComparison.Ordinal) && Path.GetFullPath(path).StartsWith(below, StringComparison.Ordinal)
            ? null : $"{what} {path} is not below {below}, where this coordinator keeps its runs (its --out)";
    }
}
