using System.Globalization;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cli.Terminal;

/// <summary>An evaluation at length: figures, a row for each class, the confusion matrix, what had to be assumed.</summary>
internal static class EvaluationTable
{
    /// <summary>A wider matrix does not fit a terminal; JSON has it.</summary>
    private const int WidestMatrix = 20;

    /// <summary>Longer names of classes are cut.</summary>
    private const int LongestName = 24;

    /// <summary>The lines.</summary>
    /// <param name="evaluation">The figures.</param>
    /// <param name="names">What the classes are called, in the order of their numbers; null or empty where they have no names.</param>
    public static IReadOnlyList<string> Lines(Evaluation evaluation, IReadOnlyList<string>? names = null)
    {
        var lines = new List<string>();
        lines.Add(Row("samples", Figures.Count(evaluation.Samples)));
        lines.Add(Row("loss", Figures.Loss(evaluation.Loss)));
        lines.AddRange(EvaluationText.Headline(evaluation).Select(figure => Row(figure.Name, figure.Value)));
        if (evaluation.TopFiveAccuracy is { } five) lines.Add(Row("top-5 accuracy", Figures.Percent(five, 2)));
        if (evaluation.LogLoss is { } logLoss) lines.Add(Row("log-loss", Figures.Loss(logLoss)));
        if (evaluation.CalibrationError is { } calibration) lines.Add(Row("calibration", $"{Share(calibration)} (expected error)"));
        if (evaluation.Binary is { } binary)
        {
            lines.Add(Row("precision", Share(binary.Precision)));
            lines.Add(Row("recall", Share(binary.Recall)));
            if (binary.PrAuc is { } area) lines.Add(Row("PR AUC", Share(area)));
        }

        if (evaluation.Regression is { } regression)
        {
            lines.Add(Row("MSE", EvaluationText.Amount(regression.MeanSquaredError)));
            lines.Add(Row("MAE", EvaluationText.Amount(regression.MeanAbsoluteError)));
        }

        if (evaluation.Classification is { } classes) AddClasses(classes, names ?? [], lines);
        lines.AddRange(evaluation.Notes.Select(note => $"note: {note}"));
        return lines;
    }

    private static void AddClasses(ClassificationFigures classes, IReadOnlyList<string> names, List<string> lines)
    {
        var shown = classes.PerClass.Select(each => Name(each.Class, names)).ToArray();
        var first = Math.Max(9, shown.Select(name => name.Length + 1).DefaultIfEmpty().Max());
        lines.Add("");
        lines.Add($"{"class".PadRight(first)}{"precision",10}{"recall",10}{"F1",10}{"samples",10}{"predicted",11}");
        foreach (var each in classes.PerClass)
            lines.Add($"{shown[each.Class].PadRight(first)}{Share(each.Precision),10}{Share(each.Recall),10}{Share(each.F1),10}{Count(each.Support),10}{Count(each.Predicted),11}");
        foreach (var (name, mean) in new[] { ("macro", classes.Macro), ("micro", classes.Micro), ("weighted", classes.Weighted) })
            lines.Add($"{name.PadRight(first)}{Share(mean.Precision),10}{Share(mean.Recall),10}{Share(mean.F1),10}");
        if (classes.Confusion.Length is 0 or > WidestMatrix) return;
        var width = Math.Max(4, classes.Confusion.Max(row => row.Max(cell => Count(cell).Length)) + 1);
        lines.Add("");
        lines.Add("confusion: a row for each true class, a column for each predicted one");
        lines.Add(new string(' ', 5) + string.Concat(Enumerable.Range(0, classes.Confusion.Length).Select(c => Count(c).PadLeft(width))));
        for (var c = 0; c < classes.Confusion.Length; c++)
            lines.Add($"{c,5}{string.Concat(classes.Confusion[c].Select(cell => (cell == 0 ? "·" : Count(cell)).PadLeft(width)))}");
    }

    /// <summary>Number and name on one line, whatever the name is made of.</summary>
    private static string Name(int number, IReadOnlyList<string> names)
    {
        if (number >= names.Count || names[number] == Count(number)) return Count(number);
        var name = string.Concat(names[number].Where(letter => !char.IsControl(letter)));
        return $"{number} {(name.Length <= LongestName ? name : name[..(LongestName - 1)] + "…")}";
    }

    private static string Row(string name, string value) => $"{name,-15}{value}";

    private static string Share(double value) => value.ToString("F4", CultureInfo.InvariantCulture);

    private static string Count(long value) => value.ToString(CultureInfo.InvariantCulture);
}
