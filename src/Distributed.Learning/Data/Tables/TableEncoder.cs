using System.Globalization;

namespace Distributed.Learning;

/// <summary>
/// Turns rows of a table into numbers for a model, by what the training rows alone teach: numbers are filled by the median where they are missing
/// and then standardised; categories become one number for each category of the training rows, 1 for the one that is there and 0 for
/// the others (all 0 where it is missing or new).
/// </summary>
internal sealed class TableEncoder
{
    private readonly TableColumns cells;
    private readonly List<Code> codes = [];
    private readonly List<string> findings = [];

    /// <summary>Learns from the training rows.</summary>
    /// <param name="cells">Reads single cells.</param>
    /// <param name="columns">The columns to encode.</param>
    /// <param name="training">The training rows, checked.</param>
    /// <param name="indicators">Whether columns with missing numbers get another one that is 1 where they are missing.</param>
    /// <param name="mostCategories">How many categories a column may have.</param>
    /// <exception cref="BadInputException">A column holds nothing or too many categories.</exception>
    public TableEncoder(
        TableColumns cells, IReadOnlyList<TableColumn> columns, IReadOnlyList<CsvRow> training, bool indicators, int mostCategories)
    {
        this.cells = cells;
        foreach (var column in columns)
        {
            Code code = column.IsNumber ? Numbers(column, training, indicators) : Categories(column, training, mostCategories);
            codes.Add(code);
            Width += code.Width;
        }
    }

    /// <summary>How many numbers a row becomes.</summary>
    public int Width { get; }

    /// <summary>What was found in each column, a line each.</summary>
    public IReadOnlyList<string> Findings => findings;

    /// <summary>The rows one after another, <see cref="Width"/> numbers each.</summary>
    public float[] Encode(IReadOnlyList<CsvRow> rows)
    {
        var values = new float[rows.Count * (long)Width];
        for (var i = 0; i < rows.Count; i++)
        {
            var place = values.AsSpan(i * Width, Width);
            foreach (var code in codes)
            {
                code.Write(rows[i].Cells[code.Column.Index], cells, place);
                place = place[code.Width..];
            }
        }
        return values;
    }

    private NumberCode Numbers(TableColumn column, IReadOnlyList<CsvRow> training, bool indicators)
    {
        double[] present = [.. training.Select(row => cells.Number(row.Cells[column.Index])).Where(double.IsFinite).Order()];
        if (present.Length == 0)
            throw new BadInputException(
                $"{training[0].File}: column {column.Name}: expected a number in some training row, got none; name the column in drop");
        var median = (present[(present.Length - 1) / 2] + present[present.Length / 2]) / 2;
        var missing = training.Count - present.Length;
        var scale = ValueScale.Standardising([.. present, .. Enumerable.Repeat(median, missing)]);
        var indicator = indicators && missing > 0;
        findings.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"{column.Name}: number from {present[0]:G6} to {present[^1]:G6}, mean {scale.Offset:G6}, deviation {scale.Scale:G6}")
            + (missing == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {missing} missing, filled with the median {median:G6}"))
            + (indicator ? " and marked in a column of their own" : ""));
        return new NumberCode(column, median, scale, indicator);
    }

    private CategoryCode Categories(TableColumn column, IReadOnlyList<CsvRow> training, int most)
    {
        string[] categories =
        [
            .. training.Select(row => row.Cells[column.Index]).Where(cell => !cells.IsMissing(cell))
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        if (categories.Length == 0 || categories.Length > most)
            throw new BadInputException(
                $"{training[0].File}: column {column.Name}: expected 1 to {most} categories, got {categories.Length}; name the column in drop"
                + (categories.Length > 0 ? " or raise max-categories" : ""));
        var missing = training.Count(row => cells.IsMissing(row.Cells[column.Index]));
        findings.Add(
            $"{column.Name}: {categories.Length} categories ({RowProblems.Shown(string.Join(", ", categories))})"
            + (missing == 0 ? "" : $", {missing} missing"));
        var numbers = categories.Select((category, i) => KeyValuePair.Create(category, i));
        return new CategoryCode(column, new Dictionary<string, int>(numbers, StringComparer.Ordinal));
    }

    private abstract record Code(TableColumn Column, int Width)
    {
        public abstract void Write(string cell, TableColumns cells, Span<float> place);
    }

    private sealed record NumberCode(TableColumn Column, double Median, ValueScale Scale, bool Indicator)
        : Code(Column, Indicator ? 2 : 1)
    {
        public override void Write(string cell, TableColumns cells, Span<float> place)
        {
            var value = cells.Number(cell);
            place[0] = (float)Scale.FromUnits(double.IsNaN(value) ? Median : value);
            if (Indicator) place[1] = double.IsNaN(value) ? 1 : 0;
        }
    }

    private sealed record CategoryCode(TableColumn Column, IReadOnlyDictionary<string, int> Numbers)
        : Code(Column, Numbers.Count)
    {
        public override void Write(string cell, TableColumns cells, Span<float> place)
        {
            if (Numbers.TryGetValue(cell, out var number)) place[number] = 1;
        }
    }
}
