using System.Globalization;
using System.Text.RegularExpressions;
using Distributed.Learning;

namespace Distributed.Cluster.Checkpoints;

/// <summary>The folder of all checkpoints of a run: which there are, which one to go on from, which may go.</summary>
internal static partial class RunCheckpoints
{
    private const string FolderName = "checkpoints";

    /// <summary>The folder of a run's checkpoints.</summary>
    public static string FolderOf(string run) => Path.Combine(run, FolderName);

    /// <summary>The name of the folder of one version's checkpoint.</summary>
    public static string NameOf(long version) => $"version-{version.ToString("D9", CultureInfo.InvariantCulture)}";

    /// <summary>The newest checkpoint of a run that is whole, and a line for each newer one that is not.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static (Checkpoint Newest, IReadOnlyList<string> Damaged) Newest(string run)
    {
        var (newest, damaged) = NewestOrNone(run);
        return newest is not null
            ? (newest, damaged)
            : throw new BadInputException(
                damaged.Count == 0 ? $"{run}: there is no checkpoint to resume from" : $"{run}: no checkpoint is whole: {string.Join("; ", damaged)}");
    }

    /// <summary>The newest checkpoint of a run that is whole, null where there is none, and a line for each newer one that is not.</summary>
    public static (Checkpoint? Newest, IReadOnlyList<string> Damaged) NewestOrNone(string run)
    {
        var damaged = new List<string>();
        foreach (var folder in All(FolderOf(run)).Reverse())
        {
            try
            {
                var checkpoint = Checkpoint.Open(folder);
                checkpoint.Verify();
                return (checkpoint, damaged);
            }
            catch (BadInputException exception)
            {
                damaged.Add(exception.Message);
            }
        }

        return (null, damaged);
    }

    /// <summary>Deletes all checkpoints but the newest ones, and what writes that broke off have left.</summary>
    /// <param name="checkpoints">The folder of all checkpoints; nobody writes there.</param>
    /// <param name="keep">How many stay, at least 1.</param>
    public static void Retain(string checkpoints, int keep)
    {
        foreach (var folder in All(checkpoints).SkipLast(keep).Concat(Directory.GetDirectories(checkpoints, "version-*" + CheckpointWriter.Unfinished)))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>In order of versions.</summary>
    private static IReadOnlyList<string> All(string checkpoints) =>
        Directory.Exists(checkpoints)
            ? [.. Directory.GetDirectories(checkpoints).Where(folder => Name().IsMatch(Path.GetFileName(folder))).Order(StringComparer.Ordinal)]
            : [];

    [GeneratedRegex("^version-[0-9]{9,}$", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
