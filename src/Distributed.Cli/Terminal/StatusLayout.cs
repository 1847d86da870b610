using System.Globalization;
using Distributed.Cluster.Monitoring;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Distributed.Cli.Terminal;

/// <summary>How a cluster and a job stand, drawn: pure functions from figures to drawings.</summary>
internal static class StatusLayout
{
    /// <summary>A status older than this many seconds is told with its age.</summary>
    private const double Fresh = 5;

    /// <summary>The job in two or three lines.</summary>
    /// <param name="status">The status.</param>
    /// <param name="now">The present, for its age.</param>
    public static IEnumerable<IRenderable> Head(ClusterStatus status, DateTimeOffset now)
    {
        if (status.Run is not { } run)
        {
            yield return new Markup("no job has run here yet");
        }
        else
        {
            var phase = run.Job.Outcome is null && run.Progress is not null ? $": {run.Progress.Phase}" : "";
            yield return Line($"[bold]{Markup.Escape(run.Job.Name)}[/] ({run.Job.ShortId})  [aqua]{Markup.Escape(run.Job.State + phase)}[/]  [grey]{Markup.Escape(run.Job.Folder)}[/]");
            if (run.Progress is { } progress && ProgressText.IsUnderWay(progress)) yield return Line(Figures(progress, run.SecondsLeft));
            if (run.Job.Reason is { } reason) yield return Line($"[yellow]{Markup.Escape(reason)}[/]");
        }

        var age = (now - status.Time).TotalSeconds;
        if (age > Fresh && status.Run?.Job.Outcome is null) yield return Line($"[yellow]as of {Terminal.Figures.Duration(age)} ago: nothing was heard since[/]");
        if (status.Waiting > 0) yield return Line($"[grey]{status.Waiting} more {(status.Waiting == 1 ? "job waits" : "jobs wait")}[/]");
    }

    /// <summary>A row a worker, a row a server; so many of each at most, and the number of the others.</summary>
    public static IEnumerable<IRenderable> Tables(ClusterStatus status, int rows)
    {
        var nodes = status.Nodes.ToDictionary(node => node.Node);
        if (status.Run?.Progress is { Workers.Length: > 0 } working) yield return Workers(working.Workers, nodes, rows);
        if (status.Run?.Progress is { Servers.Length: > 0 } serving) yield return Servers(serving.Servers, nodes, rows);
        var busy = (status.Run?.Progress?.Workers.Select(worker => worker.Node) ?? []).Concat(status.Run?.Progress?.Servers.Select(server => server.Node) ?? []).ToHashSet();
        var idle = status.Nodes.Where(node => !busy.Contains(node.Node)).ToArray();
        if (idle.Length > 0)
            yield return Line($"[grey]{Markup.Escape(string.Join(", ", idle.Take(8).Select(node => $"{node.Node} ({string.Join(", ", node.Roles)})")))}{(idle.Length > 8 ? $" and {idle.Length - 8} more" : "")}[/]");
    }

    /// <summary>
    /// By how many milliseconds a worker holds the others up at each step: its own work beyond the quickest worker's, or, where it has been
    /// in a phase of a step that others have done, how long.
    /// </summary>
    public static double Lag(WorkerProgress worker, IReadOnlyList<WorkerProgress> all) => Math.Max(
        worker.ComputeMilliseconds - all.Min(other => other.ComputeMilliseconds),
        all.Any(other => other.Step > worker.Step) ? worker.PhaseSeconds * 1000 : 0);

    private static string Figures(RunProgress progress, double? secondsLeft)
    {
        var text = $"epoch {progress.Epoch}/{progress.Epochs}  step {progress.Step}/{progress.Steps}  loss [bold]{Terminal.Figures.Loss(progress.Loss)}[/]";
        if (progress.TestLoss is { } loss) text += $"  test loss [bold]{Terminal.Figures.Loss(loss)}[/]";
        if (progress.TestAccuracy is { } accuracy) text += $"  accuracy [bold]{Terminal.Figures.Percent(accuracy)}[/]";
        text += $"  {Terminal.Figures.Count(progress.SamplesPerSecond)} samples/s  {Terminal.Figures.Duration(progress.ElapsedSeconds)}";
        return secondsLeft is { } left ? $"{text}, {Terminal.Figures.Duration(left)} left" : text;
    }

    private static Table Workers(WorkerProgress[] workers, Dictionary<string, NodeStatus> nodes, int rows)
    {
        var table = NewTable("worker", "slots", ">step", "phase", ">compute ms", ">input ms", ">exchange ms", ">samples/s", ">lag ms", ">memory", ">cores");
        foreach (var worker in workers.Take(rows))
        {
            var node = nodes.GetValueOrDefault(worker.Node);
            table.AddRow(
                Markup.Escape(worker.Node), Markup.Escape(worker.Slots), Whole(worker.Step), Markup.Escape(worker.Phase),
                Terminal.Figures.Milliseconds(worker.ComputeMilliseconds), Terminal.Figures.Milliseconds(worker.InputMilliseconds),
                Terminal.Figures.Milliseconds(worker.ExchangeMilliseconds), Terminal.Figures.Count(worker.SamplesPerSecond),
                Terminal.Figures.Milliseconds(Lag(worker, workers)), Memory(node), Cores(node));
        }

        return Counted(table, workers.Length - rows);
    }

    private static Table Servers(ServerProgress[] servers, Dictionary<string, NodeStatus> nodes, int rows)
    {
        var table = NewTable("server", ">shards", ">version", ">weights", ">queue", ">sent", ">received", ">memory", ">cores");
        foreach (var server in servers.Take(rows))
        {
            var node = nodes.GetValueOrDefault(server.Node);
            var figures = node?.Server;
            table.AddRow(
                Markup.Escape(server.Node), Whole(server.Shards), Whole(figures?.Version ?? server.Version), Terminal.Figures.Bytes(server.Bytes),
                figures is null ? "" : Whole(figures.QueuedSlots), figures is null ? "" : Terminal.Figures.Bytes(figures.BytesSent),
                figures is null ? "" : Terminal.Figures.Bytes(figures.BytesReceived), Memory(node), Cores(node));
        }

        return Counted(table, servers.Length - rows);
    }

    private static string Memory(NodeStatus? node) => node is { MemoryBytes: > 0 } ? Terminal.Figures.Bytes(node.MemoryBytes) : "";

    private static string Cores(NodeStatus? node) => node is null ? "" : node.CoresBusy.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static Table Counted(Table table, int more)
    {
        if (more > 0) table.AddRow($"[grey]and {more} more[/]");
        return table;
    }

    private static Markup Line(string markup) => new(markup) { Overflow = Overflow.Ellipsis };

    private static Table NewTable(params ReadOnlySpan<string> columns)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
        {
            var drawn = new TableColumn($"[grey]{column.TrimStart('>')}[/]") { NoWrap = true };
            table.AddColumn(column.StartsWith('>') ? drawn.RightAligned() : drawn);
        }

        return table;
    }
}
