using System.Globalization;
using Distributed.Learning;

namespace Distributed.Cluster.Monitoring;

/// <summary>The figures of an evaluation that say most for its task, in words.</summary>
internal static class EvaluationText
{
    /// <summary>Names and values, the most telling first: accuracy and macro F1; F1 and ROC-AUC; R² and RMSE; perplexity.</summary>
    public static IReadOnlyList<(string Name, string Value)> Headline(Evaluation evaluation)
    {
        var figures = new List<(string, string)>();
        if (evaluation.Accuracy is { } accuracy) figures.Add(("accuracy", Percent(accuracy)));
        if (evaluation.Binary is { } binary)
        {
            figures.Add(("F1", Fixed(binary.F1)));
            if (binary.RocAuc is { } area) figures.Add(("ROC AUC", Fixed(area)));
        }
        else if (evaluation.Classification is { } classes)
        {
            figures.Add(("macro F1", Fixed(classes.Macro.F1)));
        }

        if (evaluation.Regression is { } regression)
        {
            figures.Add(("R²", Fixed(regression.RSquared)));
            figures.Add(("RMSE", Amount(regression.RootMeanSquaredError)));
        }

        if (evaluation.Sequence is { } sequence)
        {
            figures.Add(("perplexity", sequence.Perplexity.ToString("F3", CultureInfo.InvariantCulture)));
            figures.Add(("bits/char", sequence.BitsPerCharacter.ToString("F3", CultureInfo.InvariantCulture)));
        }

        return figures;
    }

    /// <summary>The same on one line, each figure led in by two blanks.</summary>
    public static string Line(Evaluation evaluation) =>
        string.Concat(Headline(evaluation).Select(figure => $"  {figure.Name} {figure.Value}"));

    /// <summary>A value in a unit of the data: five digits, or all that stand before the point.</summary>
    public static string Amount(double value) =>
        value.ToString(Math.Abs(value) is >= 1e5 and < 1e15 ? "F0" : "G5", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("F2", CultureInfo.InvariantCulture) + " %";

    private static string Fixed(double value) => value.ToString("F4", CultureInfo.InvariantCulture);
}
