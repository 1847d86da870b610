using System.Text;

namespace Distributed.Cluster.Monitoring.Logs;

/// <summary>A place in a run's log: <c>default</c> is its beginning.</summary>
/// <param name="Part">The number of the part; 0: the oldest that is there.</param>
/// <param name="Offset">Bytes from the part's beginning.</param>
internal readonly record struct LogPlace(int Part, long Offset);

/// <summary>Some lines of a run's log.</summary>
/// <param name="Lines">Whole lines, without their ends.</param>
/// <param name="Next">Where the next one begins.</param>
/// <param name="AtEnd">Whether there are no more for now.</param>
internal sealed record LogPage(string[] Lines, LogPlace Next, bool AtEnd);

/// <summary>Reads a run's log while it is written, and while its parts come and go.</summary>
internal static class LogReader
{
    /// <summary>A line that is longer is taken for damage and left out.</summary>
    private const int LongestLine = 1 << 20;

    /// <summary>Reads the lines from a place on.</summary>
    /// <param name="folder">The run's folder; without a log there are no lines.</param>
    /// <param name="from">Where to begin. If that part is gone by now, the oldest one is read.</param>
    /// <param name="mostBytes">So many at most, or one line.</param>
    public static LogPage Read(string folder, LogPlace from, int mostBytes)
    {
        // A part may get its number, or go, in the very moment; the next look finds it.
        for (var attempt = 0; attempt < 10; attempt++)
        {
            var full = LogFiles.FullParts(folder);
            var current = full.Count > 0 ? full[^1] + 1 : 1;
            var oldest = full.Count > 0 ? full[0] : 1;
            var place = from.Part < oldest || from.Part > current ? new LogPlace(oldest, 0) : from;
            var isFull = place.Part < current;
            FileStream stream;
            try
            {
                stream = new FileStream(
                    isFull ? LogFiles.PathOf(folder, place.Part) : Path.Combine(folder, LogFiles.Current), FileMode.Open, FileAccess.Read,
                    FileShare.ReadWrite | FileShare.Delete);
            }
            catch (FileNotFoundException)
            {
                continue;
            }

            using (stream)
            {
                if (!isFull && File.Exists(LogFiles.PathOf(folder, place.Part)))
                    continue;
                if (Page(stream, place, mostBytes) is { } page)
                    return page with { AtEnd = page.AtEnd && !isFull };
                if (!isFull)
                    return new LogPage([], place, AtEnd: true);
                from = new LogPlace(place.Part + 1, 0);
                attempt = 0;
            }
        }

        return new LogPage([], from, AtEnd: true);
    }

    /// <summary>Null where no whole line follows.</summary>
    private static LogPage? Page(FileStream stream, LogPlace place, int mostBytes)
    {
        // A log that is shorter now was begun anew.
        var offset = place.Offset <= stream.Length ? place.Offset : 0;
        for (var size = mostBytes; ; size = Math.Min(4 * size, LongestLine))
        {
            var buffer = new byte[(int)Math.Min(size, stream.Length - offset)];
            stream.Position = offset;
            var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            var end = buffer.AsSpan(0, read).LastIndexOf((byte)'\n') + 1;
            if (end > 0)
                return new LogPage(
                    Encoding.UTF8.GetString(buffer, 0, end - 1).Split('\n'), place with { Offset = offset + end }, offset + end == stream.Length);
            if (read < size)
                return null;
            if (size >= LongestLine)
                offset += read;
        }
    }
}
