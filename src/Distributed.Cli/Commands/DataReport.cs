using System.Globalization;
using Distributed.Learning;
using static TorchSharp.torch;

namespace Distributed.Cli.Commands;

/// <summary>Says in lines what is in a data set.</summary>
internal static class DataReport
{
    private const int LookedAt = 1000;
    private const int FirstRows = 5;
    private const int MostValues = 16;
    private const int MostClasses = 100;
    private const int MostCharacters = 100;

    /// <summary>Writes shapes, ranges, targets, findings and first rows.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="title">What the data is called.</param>
    /// <param name="training">The training set.</param>
    /// <param name="test">The test set.</param>
    public static void Write(TextWriter output, string title, IDataSet training, IDataSet test)
    {
        output.WriteLine($"{title}: {training.Count} training samples, {test.Count} test samples");
        using var batch = training.Gather([.. Enumerable.Range(0, Math.Min(LookedAt, training.Count))]);
        output.WriteLine($"inputs   {Shape(training.InputShape)} {Kind(batch.Inputs)}, {Range(batch)}");
        output.WriteLine($"targets  {Targets(training, batch)}");
        foreach (var finding in training.Notes.Findings) output.WriteLine($"         {finding}");
        if (training.Notes.SkippedRows > 0) output.WriteLine($"skipped  {training.Notes.SkippedRows} bad rows, the first: {training.Notes.FirstSkippedRow}");
        if (training.ClassCounts.Count is > 0 and <= MostClasses) WriteClasses(output, training, test);
        WriteRows(output, training, batch);
    }

    private static string Range(Batch batch)
    {
        using var scope = NewDisposeScope();
        var values = batch.Inputs.to_type(ScalarType.Float64);
        double least = values.min().item<double>(), greatest = values.max().item<double>();
        double mean = values.mean().item<double>(), deviation = values.std(unbiased: false).item<double>();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"from {least:G4} to {greatest:G4}, mean {mean:G4}, deviation {deviation:G4} (first {batch.Samples})");
    }

    private static string Targets(IDataSet training, Batch batch)
    {
        if (training.Classes > 0)
            return $"{training.Classes} classes, {(training.TargetShape.Count == 0 ? "one" : Shape(training.TargetShape))} for each sample";
        var (scale, offset) = training.TargetScale;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Shape(training.TargetShape)} {Kind(batch.Targets)}; in the data's units {scale:G6} · value + {offset:G6}");
    }

    private static void WriteClasses(TextWriter output, IDataSet training, IDataSet test)
    {
        output.WriteLine($"{"class",-24} {"training",12} {"test",12}");
        for (var i = 0; i < training.Classes; i++)
        {
            var name = i < training.Notes.ClassNames.Count ? $"{i} {Visible(training.Notes.ClassNames[i])}" : $"{i}";
            output.WriteLine($"{name,-24} {training.ClassCounts[i],12} {(i < test.ClassCounts.Count ? test.ClassCounts[i] : 0),12}");
        }
    }

    // Images are too many numbers to be read: there the contact sheet shows them.
    private static void WriteRows(TextWriter output, IDataSet training, Batch batch)
    {
        if (training.InputShape.Count > 2) return;
        output.WriteLine("first rows");
        for (var i = 0; i < Math.Min(FirstRows, batch.Samples); i++)
        {
            using var input = batch.Inputs[i].reshape(-1);
            using var target = batch.Targets[i].reshape(-1);
            var words = training.Notes.Vocabulary is { } vocabulary && input.dtype == ScalarType.Int64
                ? Visible(vocabulary.Decode(input.data<long>().ToArray())) : Values(input);
            output.WriteLine($"  {words} -> {Values(target)}");
        }
    }

    private static string Values(Tensor row)
    {
        string[] values = row.dtype == ScalarType.Int64
            ? [.. row.data<long>().ToArray().Take(MostValues).Select(value => value.ToString(CultureInfo.InvariantCulture))]
            : [.. row.data<float>().ToArray().Take(MostValues).Select(value => value.ToString("G4", CultureInfo.InvariantCulture))];
        return string.Join(' ', values) + (row.shape[0] > MostValues ? " …" : "");
    }

    // A line stays a line, whatever the text holds.
    private static string Visible(string text) => string.Concat((text.Length <= MostCharacters ? text : text[..MostCharacters] + "…").Select(c => c switch
    {
        '\n' => '↵',
        ' ' when text.Length == 1 => '␣',
        _ when char.IsControl(c) => '·',
        _ => c,
    }));

    private static string Kind(Tensor tensor) => tensor.dtype == ScalarType.Int64 ? "int64" : "float32";

    private static string Shape(IEnumerable<long> sizes) => $"[{string.Join(", ", sizes)}]";
}
