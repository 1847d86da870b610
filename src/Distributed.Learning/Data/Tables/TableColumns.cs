using System.Globalization;

namespace Distributed.Learning;

/// <summary>A column of a table that the model sees.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Its place in a row.</param>
/// <param name="IsNumber">Whether its cells are numbers; else they are categories.</param>
internal sealed record TableColumn(string Name, int Index, bool IsNumber);

/// <summary>Finds out what the columns of a table hold, and checks every cell against it.</summary>
internal sealed class TableColumns(IReadOnlyCollection<string> missing)
{
    // A column counts as numbers from this share of its cells on; the rest are errors, each named by its line.
    private const double MostAreNumbers = 0.9;

    /// <summary>Whether a cell holds nothing.</summary>
    public bool IsMissing(string cell) => missing.Contains(cell);

    /// <summary>The kind of a column, by its cells.</summary>
    public TableColumn Infer(string name, int index, IReadOnlyList<CsvRow> rows)
    {
        int present = 0, numbers = 0;
        foreach (var row in rows)
        {
            if (IsMissing(row.Cells[index])) continue;
            present++;
            if (TryNumber(row.Cells[index], out _)) numbers++;
        }
        return new TableColumn(name, index, present > 0 && numbers >= MostAreNumbers * present);
    }

    /// <summary>The number of a cell; NaN where it is missing.</summary>
    public double Number(string cell) => IsMissing(cell) ? double.NaN : TryNumber(cell, out var value) ? value : double.NaN;

    /// <summary>The rows whose cells are what their columns say; the others are reported.</summary>
    public List<CsvRow> Check(IEnumerable<CsvRow> rows, IReadOnlyList<TableColumn> columns, TableColumn target, RowProblems problems)
    {
        TableColumn[] numbers = [.. columns.Append(target).Where(column => column.IsNumber)];
        var good = new List<CsvRow>();
        foreach (var row in rows)
        {
            if (Array.Find(numbers, column => !IsNumberOrMissing(row.Cells[column.Index])) is { } wrong)
                problems.Report(row.File, row.Line, wrong.Name, $"expected a finite number, got '{RowProblems.Shown(row.Cells[wrong.Index])}'");
            else if (IsMissing(row.Cells[target.Index]))
                problems.Report(row.File, row.Line, target.Name, "expected the target's value, got nothing");
            else good.Add(row);
        }
        return good;
    }

    private bool IsNumberOrMissing(string cell) => IsMissing(cell) || TryNumber(cell, out var value) && double.IsFinite(value);

    private static bool TryNumber(string cell, out double value) =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
}
