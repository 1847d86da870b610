namespace Distributed.Cluster.Monitoring.Logs;

/// <summary>
/// What a former coordinator wrote at the end of a run's log. Nodes send again what it had not answered for, some of which is there already: so
/// many lines of those that are sent again are left out.
/// </summary>
internal sealed class LoggedLines
{
    /// <summary>So far from its end the log is looked at: far more than nodes keep unanswered.</summary>
    private const long MostBytes = 8_000_000;

    private readonly Dictionary<string, int> lines = new(StringComparer.Ordinal);

    /// <exception cref="IOException">The log can't be read.</exception>
    public LoggedLines(string folder)
    {
        var left = MostBytes;
        foreach (var file in LogFiles.FullParts(folder).Select(part => LogFiles.PathOf(folder, part)).Append(Path.Combine(folder, LogFiles.Current)).Reverse())
        {
            if (left <= 0 || !File.Exists(file))
                continue;
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Position = Math.Max(0, stream.Length - left);
            left -= stream.Length;
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
                lines[line] = lines.GetValueOrDefault(line) + 1;
        }
    }

    /// <summary>Whether an event is there, once for each time that it is.</summary>
    public bool Take(LogEvent entry)
    {
        if (lines.Count == 0)
            return false;
        var line = JsonLines.Format(entry);
        if (!lines.Remove(line, out var times))
            return false;
        if (times > 1)
            lines[line] = times - 1;
        return true;
    }
}
