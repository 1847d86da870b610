using System.Globalization;

namespace Distributed.Cluster.Monitoring.Logs;

/// <summary>
/// The files of a run's log: <c>cluster.log</c> is written to, <c>cluster-0001.log</c>, <c>cluster-0002.log</c>, … are full and never
/// change again. A part keeps its number for good, so a place in the log is a part and an offset.
/// </summary>
internal static class LogFiles
{
    /// <summary>The file that is written to.</summary>
    public const string Current = "cluster.log";

    /// <summary>The file of a full part.</summary>
    public static string PathOf(string folder, int part) => Path.Combine(folder, $"cluster-{part.ToString("D4", CultureInfo.InvariantCulture)}.log");

    /// <summary>The numbers of the full parts that are there, in order; they count from 1.</summary>
    public static IReadOnlyList<int> FullParts(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "cluster-*.log")
            .Select(file => int.TryParse(Path.GetFileNameWithoutExtension(file)["cluster-".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var part) ? part : 0)
            .Where(part => part > 0)
            .Order(),
    ];
}
