using Distributed.Cluster.Monitoring;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Distributed.Cli.Terminal;

/// <summary>
/// A terminal's whole screen, drawn anew over itself; disposing gives the user's own screen back. The frame of a status is a pure function.
/// </summary>
internal sealed class WatchScreen : IDisposable
{
    /// <summary>To the other screen, without a cursor.</summary>
    private const string Enter = "\e[?1049h\e[?25l\e[H\e[2J";

    /// <summary>Back, with one.</summary>
    private const string Leave = "\e[0m\e[?25h\e[?1049l";

    private readonly TextWriter output;
    private readonly Lock gate = new();
    private bool left;

    /// <summary>Takes the screen.</summary>
    public WatchScreen(TextWriter output)
    {
        this.output = output;
        output.Write(Enter);
        output.Flush();
    }

    /// <summary>Draws a frame's lines over the one before.</summary>
    public void Show(IReadOnlyList<string> lines)
    {
        lock (gate)
        {
            if (left) return;
            // What is longer in the old line, and lower on the old screen, goes; nothing is cleared first, so nothing flickers.
            output.Write("\e[H" + string.Join("\e[K\r\n", lines) + "\e[K\e[J");
            output.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            if (left) return;
            left = true;
            output.Write(Leave);
            output.Flush();
        }
    }

    /// <summary>The lines of a frame: as many as the screen has, none wider than it.</summary>
    /// <param name="status">What to show; null while nothing is known.</param>
    /// <param name="problem">Why nothing newer is known, where there is a reason.</param>
    public static IReadOnlyList<string> Frame(ClusterStatus? status, string? problem, DateTimeOffset now, int width, int height, bool colours)
    {
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colours ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = width;
        console.Profile.Height = height;
        console.Profile.Capabilities.Unicode = true;
        console.Write(new Rows(Parts(status, problem, now, width, height)));
        var lines = text.ToString().Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        if (lines.Count >= height) lines.RemoveRange(height - 1, lines.Count - (height - 1));
        while (lines.Count < height - 1) lines.Add("");
        lines.Add(colours ? "\e[2mq ends this view; the job goes on\e[0m" : "q ends this view; the job goes on");
        return lines;
    }

    private static IEnumerable<IRenderable> Parts(ClusterStatus? status, string? problem, DateTimeOffset now, int width, int height)
    {
        if (problem is not null) yield return new Markup($"[red]{Markup.Escape(problem)}[/]");
        if (status is null)
        {
            if (problem is null) yield return new Markup("connecting");
            yield break;
        }

        foreach (var line in StatusLayout.Head(status, now)) yield return line;
        var members = (status.Run?.Progress?.Workers.Length ?? 0) + (status.Run?.Progress?.Servers.Length ?? 0);
        var rows = Math.Clamp((height - 22) / 2, 2, Math.Max(2, members));
        if (status.Run is { } run)
        {
            var chart = BrailleChart.Draw([(run.Losses, "blue"), (run.TestLosses, "yellow")], width, Math.Clamp(height - 18 - Math.Min(members, 2 * rows), 4, 14));
            if (chart.Count > 0)
            {
                yield return new Markup("[blue]training loss[/]  [yellow]test loss[/]");
                foreach (var line in chart) yield return new Markup(line);
            }
        }

        foreach (var table in StatusLayout.Tables(status, rows)) yield return table;
        foreach (var notice in status.Run?.Notices.TakeLast(Math.Max(3, height / 6)) ?? []) yield return new Markup($"[grey]{Markup.Escape(notice)}[/]") { Overflow = Overflow.Ellipsis };
    }
}
