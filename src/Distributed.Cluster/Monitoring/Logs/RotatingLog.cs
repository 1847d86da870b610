using System.Text;

namespace Distributed.Cluster.Monitoring.Logs;

/// <summary>
/// Writes a run's log in parts of a bounded size (<see cref="LogFiles"/>): a full one gets its number, and of too many the oldest goes.
/// Not thread-safe.
/// </summary>
internal sealed class RotatingLog : TextWriter
{
    private readonly string folder;
    private readonly long mostBytes;
    private readonly int mostParts;
    private readonly Action<int>? dropped;
    private AppendedFile stream;
    private int part;

    /// <param name="anew">Whether a log that is there already is replaced; else it is continued.</param>
    /// <param name="mostBytes">The size from which on a part is full; a longer line has a part to itself.</param>
    /// <param name="mostParts">How many parts are kept, with the one that is written to; two at least.</param>
    /// <param name="dropped">Hears the number of a part that was deleted.</param>
    public RotatingLog(string folder, bool anew, long mostBytes, int mostParts, Action<int>? dropped = null)
    {
        this.folder = folder;
        this.mostBytes = mostBytes;
        this.mostParts = Math.Max(2, mostParts);
        this.dropped = dropped;
        var full = LogFiles.FullParts(folder);
        if (anew)
            foreach (var old in full)
                File.Delete(LogFiles.PathOf(folder, old));
        part = anew || full.Count == 0 ? 1 : full[^1] + 1;
        stream = Open(anew);
    }

    /// <inheritdoc/>
    public override Encoding Encoding => Encoding.UTF8;

    /// <inheritdoc/>
    public override void WriteLine(string? value)
    {
        var bytes = Encoding.UTF8.GetBytes(value + "\n");
        if (stream.Length > 0 && stream.Length + bytes.Length > mostBytes)
            Rotate();
        stream.Write(bytes);
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">Not all could be written; what is left is kept, and written by a later call.</exception>
    public override void Flush()
    {
        stream.Flush();
        if (stream.Failure is { } failure)
            throw failure;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            stream.Dispose();
        base.Dispose(disposing);
    }

    private void Rotate()
    {
        Flush();
        var current = Path.Combine(folder, LogFiles.Current);
        File.Move(current, LogFiles.PathOf(folder, part));
        AppendedFile next;
        try
        {
            next = Open(anew: true);
        }
        catch (IOException)
        {
            // No room for one more file: the part that is full is written on.
            File.Move(LogFiles.PathOf(folder, part), current);
            throw;
        }

        stream.Dispose();
        stream = next;
        part++;
        var full = LogFiles.FullParts(folder);
        foreach (var old in full.Take(full.Count - (mostParts - 1)))
        {
            File.Delete(LogFiles.PathOf(folder, old));
            dropped?.Invoke(old);
        }
    }

    private AppendedFile Open(bool anew) => new(Path.Combine(folder, LogFiles.Current), anew);
}
