using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Terminal;

/// <summary>A run as plain lines, for files, pipes and continuous integration.</summary>
internal sealed class PlainView(TextWriter output) : IRunView
{
    private readonly PlainProgress lines = new();
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public void Show(RunProgress progress)
    {
        lock (gate) foreach (var line in lines.Next(progress)) Write(line);
    }

    /// <inheritdoc/>
    public void Notice(string line)
    {
        lock (gate) Write(line);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate) output.Flush();
    }

    private void Write(string line)
    {
        try
        {
            output.WriteLine(line);
        }
        catch (IOException)
        {
            // Who read the output is gone. The run is worth more than its echo.
        }
    }
}
