using System.Globalization;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A sequence of numbers whose next ones are to be predicted from the last ones:
/// <code>
/// data { format = series, generate = sine, points = 2000, period = 40, noise = 0.05, time = 50 }
/// data { format = series, file = "air.csv", column = passengers, time = 24, horizon = 1 }
/// </code>
/// Inputs are float32, <c>[time, 1]</c>, targets the following <c>[horizon]</c> numbers; both standardised by the training part. The end of
/// the sequence is for testing.
/// </summary>
internal sealed record SeriesData : DataSpec
{
    public const string Name = "series";

    public override string Format => Name;

    public override IReadOnlyList<long> InputShape => [Time, 1];

    /// <summary>The table; null for a generated sequence.</summary>
    public string? File { get; private init; }

    public string Column { get; private init; } = "";

    public int Points { get; private init; }

    /// <summary>Points in one wave of a sine.</summary>
    public double Period { get; private init; }

    /// <summary>The deviation of the normal noise on a sine of amplitude 1.</summary>
    public double Noise { get; private init; }

    /// <summary>Numbers that a prediction sees.</summary>
    public required int Time { get; init; }

    /// <summary>Numbers to predict.</summary>
    public required int Horizon { get; init; }

    public bool SkipBadRows { get; private init; }

    public required Split Split { get; init; }

    public static SeriesData Read(SettingsSection section)
    {
        var spec = new SeriesData
        {
            Time = section.Integer("time", null, 1, 1 << 20),
            Horizon = section.Integer("horizon", 1, 1, 1 << 20),
            Split = Split.Read(section, Split.Last(0.2), ordered: true),
        };
        if (section.Has("file"))
            return spec with
            {
                File = DataFile.Name(section, "file"),
                Column = section.Text("column"),
                SkipBadRows = RowProblems.ReadSkip(section),
            };
        section.OneOf("generate", null, "sine");
        if (spec.Split.File is not null) throw section.Error("test-file", "expected it with a file to train on, got a generated sequence");
        return spec with
        {
            Points = section.Integer("points", 2000, 4, SampleStreams.MostSamples),
            Period = section.Number("period", 40, 2),
            Noise = section.Number("noise", 0, 0),
        };
    }

    public override void CheckFiles(string dataFolder, DataCache? cache = null)
    {
        if (File is not null) OpenAndClose(dataFolder, cache);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Files(string dataFolder) =>
        [.. new[] { File, Split.File }.OfType<string>().Select(name => DataFile.Find(dataFolder, name))];

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed)
    {
        var problems = new RowProblems(SkipBadRows);
        var values = File is null ? Sine(seed) : ReadColumn(DataFile.Find(dataFolder, File), problems);
        var test = Split.File is { } testFile ? ReadColumn(DataFile.Find(dataFolder, testFile), problems) : null;
        var training = test is null ? values[..Split.FirstTestRow(values.Length)] : values;
        test ??= values[training.Length..];
        if (training.Length < Time + Horizon || test.Length < Time + Horizon)
            throw new BadInputException(
                $"{File ?? "series"}: expected at least {Time + Horizon} numbers to train on and to test on,"
                + $" got {training.Length} and {test.Length}");
        var scale = ValueScale.Standardising(training);
        var notes = new DataNotes
        {
            SkippedRows = problems.Skipped,
            FirstSkippedRow = problems.First,
            Findings =
            [
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{training.Length} + {test.Length} numbers, mean {scale.Offset:G6}, deviation {scale.Scale:G6}"),
            ],
        };
        return (Windows(training), Windows(test));

        TensorDataSet Windows(double[] part)
        {
            using var scope = NewDisposeScope();
            var windows = tensor(part.Select(value => (float)scale.FromUnits(value)).ToArray()).unfold(0, Time + Horizon, 1);
            return new TensorDataSet(windows.narrow(1, 0, Time).unsqueeze(2), windows.narrow(1, Time, Horizon), classes: 0)
            {
                TargetScale = scale,
                Notes = notes,
            };
        }
    }

    private double[] Sine(long seed)
    {
        var random = new Xoshiro256(SampleStreams.Training(seed));
        return [.. Enumerable.Range(0, Points).Select(i => Math.Sin(2 * Math.PI * i / Period) + Noise * random.Bell())];
    }

    private double[] ReadColumn(string path, RowProblems problems)
    {
        var (names, rows) = CsvFile.Read(path, ',', header: true, problems);
        var index = Array.IndexOf(names, Column);
        if (index < 0)
            throw DataFile.Bad(path, $"expected a column '{Column}'{NearestName.Hint(Column, names)}; there are {string.Join(", ", names)}");
        var column = new TableColumn(Column, index, IsNumber: true);
        var cells = new TableColumns([]);
        return [.. cells.Check(rows, [], column, problems).Select(row => cells.Number(row.Cells[index]))];
    }
}
