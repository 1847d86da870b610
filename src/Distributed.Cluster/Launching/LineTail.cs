namespace Distributed.Cluster.Launching;

/// <summary>
/// Reads a child's output to its end on a thread of its own, so that the child never blocks on a full pipe, and keeps the last lines for
/// the report of its end. Memory is bounded: lines beyond <see cref="MaxLines"/> and characters beyond <see cref="MaxLength"/> are dropped.
/// </summary>
internal sealed class LineTail
{
    /// <summary>Lines that are kept.</summary>
    public const int MaxLines = 50;

    /// <summary>Characters of a line that are kept.</summary>
    public const int MaxLength = 4096;

    private readonly Queue<string> lines = new();
    private readonly Thread thread;

    /// <summary>Starts to read.</summary>
    public LineTail(TextReader reader, string name)
    {
        thread = new Thread(() => Drain(reader)) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>The newest lines, oldest first.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (lines) return [.. lines];
        }
    }

    /// <summary>The newest line that has more than blanks in it.</summary>
    public string? Last => Lines.LastOrDefault(line => !string.IsNullOrWhiteSpace(line));

    /// <summary>Waits for the end of the output. False when it did not come in time (something else holds the pipe open).</summary>
    public bool WaitForEnd(TimeSpan bound) => thread.Join(bound);

    private void Drain(TextReader reader)
    {
        var chunk = new char[2048];
        var line = new System.Text.StringBuilder();
        try
        {
            for (int read; (read = reader.Read(chunk, 0, chunk.Length)) > 0;)
            {
                foreach (var character in chunk.AsSpan(0, read))
                {
                    if (character == '\n') Keep(line);
                    else if (line.Length < MaxLength) line.Append(character);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The pipe broke with its process: what came until then stays.
        }

        if (line.Length > 0) Keep(line);
    }

    private void Keep(System.Text.StringBuilder line)
    {
        lock (lines)
        {
            lines.Enqueue(line.ToString().TrimEnd('\r'));
            if (lines.Count > MaxLines) lines.Dequeue();
        }

        line.Clear();
    }
}
