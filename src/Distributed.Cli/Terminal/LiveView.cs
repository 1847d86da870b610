using Distributed.Cluster.Monitoring;
using Spectre.Console;

namespace Distributed.Cli.Terminal;

/// <summary>
/// A run as a display that is drawn anew a few times a second, with notices scrolling above it. It has its own thread, so that a slow
/// terminal slows nobody: between two drawings only the newest snapshot counts.
/// </summary>
internal sealed class LiveView : IRunView
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(120);

    private readonly IAnsiConsole console;
    private readonly long? parameters;
    private readonly Thread thread;
    private readonly Lock gate = new();
    private readonly Queue<string> notices = new();
    private readonly ManualResetEventSlim ending = new();
    private RunProgress? newest;
    private RunProgress? first;

    /// <summary>Begins to draw.</summary>
    /// <param name="console">The terminal.</param>
    /// <param name="parameters">The model's number of parameters, for the title, where known.</param>
    public LiveView(IAnsiConsole console, long? parameters)
    {
        this.console = console;
        this.parameters = parameters;
        thread = new Thread(Draw) { IsBackground = true, Name = "live-view" };
        thread.Start();
    }

    /// <summary>A console on <paramref name="terminal"/>'s output.</summary>
    public static IAnsiConsole Console(TerminalOutput terminal) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.Detect,
        Out = new AnsiConsoleOutput(terminal.Out),
    });

    /// <inheritdoc/>
    public void Show(RunProgress progress)
    {
        lock (gate)
        {
            foreach (var notice in progress.Notices) notices.Enqueue(notice);
            if (first is null && ProgressText.IsUnderWay(progress)) first = progress;
            newest = progress;
        }
    }

    /// <inheritdoc/>
    public void Notice(string line)
    {
        lock (gate) notices.Enqueue(line);
    }

    /// <summary>Gives a hidden cursor back, for an end that does not wait for <see cref="Dispose"/>.</summary>
    public static void RestoreCursor(TextWriter output)
    {
        output.Write("\e[?25h\n");
        output.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ending.Set();
        thread.Join();
        ending.Dispose();
    }

    private void Draw()
    {
        try
        {
            console.Live(new Text("starting")).AutoClear(true).Start(context =>
            {
                bool last;
                do
                {
                    last = ending.Wait(Pause);
                    DrawOnce(context);
                }
                while (!last);
            });

            // The last state stays on the screen as ordinary text.
            if (newest is not null) console.Write(LiveLayout.Draw(newest, first, parameters, console.Profile.Height));
        }
        catch (IOException)
        {
            // The terminal is gone. The run is worth more than its echo.
        }
    }

    private void DrawOnce(LiveDisplayContext context)
    {
        string[] lines;
        RunProgress? progress;
        RunProgress? start;
        lock (gate)
        {
            lines = [.. notices];
            notices.Clear();
            (progress, start) = (newest, first);
        }

        foreach (var line in lines) console.WriteLine(line);
        if (progress is not null) context.UpdateTarget(LiveLayout.Draw(progress, start, parameters, console.Profile.Height));
    }
}
