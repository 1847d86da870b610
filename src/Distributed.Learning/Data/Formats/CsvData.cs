using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A table whose one column is to be predicted from the others:
/// <c>data { format = csv, file = "housing/housing.csv", target = median_house_value, task = regression, test-every = 5 }</c>.
/// What columns hold is inferred: numbers, or categories that become a number each. The number of numbers that a row becomes is the width of
/// the model's input; a job that states another one is refused with the right one. Everything learnt from the data (medians, means, deviations,
/// categories, classes) is learnt from the training rows alone.
/// </summary>
internal sealed record CsvData : DataSpec
{
    public const string Name = "csv";

    public override string Format => Name;

    public required string File { get; init; }

    public required char Separator { get; init; }

    /// <summary>Whether the first row names the columns.</summary>
    public required bool Header { get; init; }

    public required string Target { get; init; }

    /// <summary>Whether the target is a value rather than a class.</summary>
    public required bool Regression { get; init; }

    /// <summary>Whether a value to predict is given mean 0 and variance 1; the data set says how to get back.</summary>
    public required bool StandardiseTarget { get; init; }

    /// <summary>Columns that the model does not see.</summary>
    public required IReadOnlyList<string> Drop { get; init; }

    /// <summary>Columns of categories even though they look like numbers.</summary>
    public required IReadOnlyList<string> Categorical { get; init; }

    public required int MostCategories { get; init; }

    /// <summary>Cells that mean that there is nothing.</summary>
    public required IReadOnlyList<string> Missing { get; init; }

    /// <summary>Whether a column with missing numbers gets another one that marks them.</summary>
    public required bool Indicators { get; init; }

    public required bool SkipBadRows { get; init; }

    public required Split Split { get; init; }

    public static CsvData Read(SettingsSection section)
    {
        var regression = section.OneOf("task", null, "regression", "classification") == "regression";
        var separator = section.Text("separator", ",");
        if (separator.Length != 1) throw section.Error("separator", $"expected one character, got '{separator}'");
        return new CsvData
        {
            File = DataFile.Name(section, "file"),
            Separator = separator[0],
            Header = section.Flag("header", true),
            Target = section.Text("target"),
            Regression = regression,
            StandardiseTarget = regression && section.Flag("standardise-target", true),
            Drop = section.Texts("drop", []),
            Categorical = section.Texts("categorical", []),
            MostCategories = section.Integer("max-categories", 50, 1),
            Missing = section.Texts("missing", ["", "NA", "NaN", "nan", "null", "?"]),
            Indicators = section.Flag("missing-indicators", false),
            SkipBadRows = RowProblems.ReadSkip(section),
            Split = Split.Read(section, Split.Fraction(0.2)),
        };
    }

    public override void CheckFiles(string dataFolder, DataCache? cache = null) => OpenAndClose(dataFolder, cache);

    private protected override IReadOnlyList<string> Sources(string dataFolder) =>
        [DataFile.Find(dataFolder, File), .. Split.File is { } testFile ? (string[])[DataFile.Find(dataFolder, testFile)] : []];

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed)
    {
        var problems = new RowProblems(SkipBadRows);
        var file = DataFile.Find(dataFolder, File);
        var (names, rows) = CsvFile.Read(file, Separator, Header, problems);
        if (Split.File is { } testFile) rows.AddRange(ReadTestRows(DataFile.Find(dataFolder, testFile), names, problems));

        var cells = new TableColumns([.. Missing]);
        var (columns, target) = Columns(file, names, rows, cells);
        var good = cells.Check(rows, columns, target, problems);
        int[]? classes = null;
        string[] labels = [];
        if (!Regression) (good, classes, labels) = Classify(good, file, target, problems);

        var (training, test) = Split.Divide(good.Count, good.Count(row => row.File != file), classes);
        if (training.Length == 0 || test.Length == 0)
            throw DataFile.Bad(file, $"expected rows to train on and to test on, got {training.Length} and {test.Length}");
        CsvRow[] trainingRows = [.. training.Select(row => good[row])], testRows = [.. test.Select(row => good[row])];
        var encoder = new TableEncoder(cells, columns, trainingRows, Indicators, MostCategories);
        var scale = StandardiseTarget
            ? ValueScale.Standardising([.. trainingRows.Select(row => cells.Number(row.Cells[target.Index]))]) : ValueScale.Identity;
        var notes = new DataNotes { ClassNames = labels, SkippedRows = problems.Skipped, FirstSkippedRow = problems.First, Findings = encoder.Findings };
        return (Make(trainingRows, training), Make(testRows, test));

        TensorDataSet Make(CsvRow[] part, int[] numbers)
        {
            using var flat = tensor(encoder.Encode(part));
            var targets = classes is null
                ? tensor(part.Select(row => (float)scale.FromUnits(cells.Number(row.Cells[target.Index]))).ToArray()).unsqueeze_(1)
                : tensor(numbers.Select(row => (long)classes[row]).ToArray());
            return new TensorDataSet(flat.view(part.Length, encoder.Width), targets, labels.Length) { TargetScale = scale, Notes = notes };
        }
    }

    private List<CsvRow> ReadTestRows(string path, string[] names, RowProblems problems)
    {
        var (testNames, rows) = CsvFile.Read(path, Separator, Header, problems);
        return testNames.AsSpan().SequenceEqual(names) ? rows
            : throw DataFile.Bad(path, $"expected the columns of {File} ({string.Join(", ", names)}), got {string.Join(", ", testNames)}");
    }

    private (List<TableColumn> Inputs, TableColumn Target) Columns(string file, string[] names, List<CsvRow> rows, TableColumns cells)
    {
        foreach (var name in Drop.Concat(Categorical).Append(Target))
            if (!names.Contains(name))
                throw DataFile.Bad(file, $"expected a column '{name}'{NearestName.Hint(name, names)}; there are {string.Join(", ", names)}");
        var inputs = new List<TableColumn>();
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i] == Target || Drop.Contains(names[i])) continue;
            inputs.Add(Categorical.Contains(names[i]) ? new TableColumn(names[i], i, false) : cells.Infer(names[i], i, rows));
        }
        if (inputs.Count == 0) throw DataFile.Bad(file, "expected a column besides the target and the dropped ones, got none");
        return (inputs, new TableColumn(Target, Array.IndexOf(names, Target), Regression));
    }

    // Classes are those of the file that is trained on: with a split by rows, a class may by chance have no training row.
    private static (List<CsvRow> Rows, int[] Classes, string[] Labels) Classify(
        List<CsvRow> rows, string file, TableColumn target, RowProblems problems)
    {
        var labels = Labels.InOrder(rows.Where(row => row.File == file).Select(row => row.Cells[target.Index]));
        var known = new List<CsvRow>(rows.Count);
        var classes = new List<int>(rows.Count);
        foreach (var row in rows)
        {
            var number = Array.IndexOf(labels, row.Cells[target.Index]);
            if (number < 0)
            {
                problems.Report(
                    row.File, row.Line, target.Name,
                    Labels.Unknown(row.Cells[target.Index], labels));
                continue;
            }
            known.Add(row);
            classes.Add(number);
        }
        return (known, [.. classes], labels);
    }
}
