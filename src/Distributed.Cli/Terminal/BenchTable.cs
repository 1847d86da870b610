using System.Globalization;
using Spectre.Console;

namespace Distributed.Cli.Terminal;

/// <summary>The table of a benchmark: names to the left, figures to the right, never wrapped.</summary>
internal static class BenchTable
{
    /// <summary>Prints it.</summary>
    /// <param name="titles">Of the columns; the first is that of the names.</param>
    /// <param name="rows">As many texts each.</param>
    public static void Write(TerminalOutput terminal, IReadOnlyList<string> titles, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var title in titles)
            table.AddColumn(new TableColumn(Markup.Escape(title)) { NoWrap = true, Alignment = title == titles[0] ? Justify.Left : Justify.Right });
        foreach (var row in rows) table.AddRow([.. row.Select(Markup.Escape)]);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Out), Ansi = AnsiSupport.Detect });
        console.Profile.Width = Math.Max(console.Profile.Width, 140);
        console.Write(table);
    }

    /// <summary>Milliseconds with three digits that tell something.</summary>
    public static string Ms(double value) => value.ToString(value < 1 ? "0.000" : value < 100 ? "0.00" : "0.0", CultureInfo.InvariantCulture);

    /// <summary>How many times one figure is another.</summary>
    public static string Ratio(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
