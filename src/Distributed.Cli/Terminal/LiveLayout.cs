using System.Globalization;
using Distributed.Cluster.Monitoring;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Distributed.Cli.Terminal;

/// <summary>What the live display shows of a snapshot: a pure function from figures to a drawing.</summary>
internal static class LiveLayout
{
    private const int BarWidth = 30;

    /// <summary>Title, bar with its figures, and the nodes.</summary>
    /// <param name="progress">The newest snapshot.</param>
    /// <param name="first">The first snapshot that had a step, for the time left; null before there is one.</param>
    /// <param name="parameters">The model's number of parameters, where known.</param>
    /// <param name="height">Lines of the terminal: nodes beyond them are counted in a last line instead of shown.</param>
    public static IRenderable Draw(RunProgress progress, RunProgress? first, long? parameters, int height)
    {
        var parts = new List<IRenderable> { Title(progress, parameters) };
        if (ProgressText.IsUnderWay(progress))
        {
            parts.Add(Bar(progress, first));
            parts.Add(FiguresLine(progress));
        }

        var rows = Math.Max(3, height - 9);
        if (progress.Workers.Length > 0) parts.Add(Workers(progress, rows));
        if (progress.Servers.Length > 0) parts.Add(Servers(progress));
        return new Rows(parts);
    }

    private static Markup Title(RunProgress progress, long? parameters)
    {
        var size = parameters is { } count ? $"  [grey]{Figures.Count(count)} parameters[/]" : "";
        return new Markup($"[bold]{Markup.Escape(progress.Job)}[/]{size}  [aqua]{Markup.Escape(progress.Phase)}[/]");
    }

    private static Markup Bar(RunProgress progress, RunProgress? first)
    {
        var filled = (int)Math.Round(ProgressText.EpochShare(progress) * BarWidth);
        var left = first is not null && ProgressText.SecondsLeft(progress, first) is { } seconds ? $"  {Figures.Duration(seconds)} left" : "";
        return new Markup(string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {progress.Epoch}/{progress.Epochs} [green]{new string('━', filled)}[/][grey]{new string('━', BarWidth - filled)}[/] "
            + $"step {progress.Step}/{progress.Steps}  {Figures.Duration(progress.ElapsedSeconds)}{left}"));
    }

    private static Markup FiguresLine(RunProgress progress)
    {
        var text = $"loss [bold]{Figures.Loss(progress.Loss)}[/]";
        if (progress.TestLoss is { } loss) text += $"  test loss [bold]{Figures.Loss(loss)}[/]";
        if (progress.TestAccuracy is { } accuracy) text += $"  accuracy [bold]{Figures.Percent(accuracy)}[/]";
        return new Markup($"{text}  {Figures.Count(progress.SamplesPerSecond)} samples/s");
    }

    private static Table Workers(RunProgress progress, int rows)
    {
        var table = NewTable("worker", "slots", ">step", "phase", ">compute ms", ">exchange ms", ">samples/s");
        foreach (var worker in progress.Workers.Take(rows))
        {
            table.AddRow(
                Markup.Escape(worker.Node),
                Markup.Escape(worker.Slots),
                worker.Step.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(worker.Phase),
                Figures.Milliseconds(worker.ComputeMilliseconds),
                Figures.Milliseconds(worker.ExchangeMilliseconds),
                Figures.Count(worker.SamplesPerSecond));
        }

        if (progress.Workers.Length > rows) table.AddRow($"[grey]and {progress.Workers.Length - rows} more[/]");
        return table;
    }

    private static Markup Servers(RunProgress progress) => new(string.Join("   ", progress.Servers.Take(4).Select(server =>
        $"[grey]{Markup.Escape(server.Node)}[/] {(server.Shards == 1 ? "1 shard" : $"{server.Shards} shards")}, version {server.Version}, "
        + Figures.Bytes(server.Bytes))));

    private static Table NewTable(params ReadOnlySpan<string> columns)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
        {
            var right = column.StartsWith('>');
            var drawn = new TableColumn($"[grey]{column.TrimStart('>')}[/]") { NoWrap = true };
            table.AddColumn(right ? drawn.RightAligned() : drawn);
        }

        return table;
    }
}
