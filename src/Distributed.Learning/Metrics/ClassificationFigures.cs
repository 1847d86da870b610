namespace Distributed.Learning;

/// <summary>
/// Precision, recall and their harmonic mean, each 0 to 1. What is undefined counts as 0: the precision of a class that is never
/// predicted, the recall of a class without samples.
/// </summary>
/// <param name="Precision">Of those predicted, the share that is right.</param>
/// <param name="Recall">Of those that are there, the share that was found.</param>
/// <param name="F1">2 · precision · recall / (precision + recall).</param>
public sealed record PrecisionRecall(double Precision, double Recall, double F1)
{
    /// <summary>From counts of true positives, of what was predicted and of what is there.</summary>
    public static PrecisionRecall Of(long right, long predicted, long there) => new(
        Share(right, predicted), Share(right, there), Share(2 * right, predicted + there));

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}

/// <summary>One class of a classifier.</summary>
/// <param name="Class">Its number.</param>
/// <param name="Precision">As <see cref="PrecisionRecall.Precision"/>.</param>
/// <param name="Recall">As <see cref="PrecisionRecall.Recall"/>.</param>
/// <param name="F1">As <see cref="PrecisionRecall.F1"/>.</param>
/// <param name="Support">Samples of the class.</param>
/// <param name="Predicted">Samples that were taken for the class.</param>
public sealed record ClassFigures(int Class, double Precision, double Recall, double F1, long Support, long Predicted);

/// <summary>How well a classifier does class by class.</summary>
/// <param name="Macro">The plain mean over the classes that have samples or were predicted.</param>
/// <param name="Micro">Over all samples together; with one class a sample all three equal the accuracy.</param>
/// <param name="Weighted">The mean over classes, weighted by their samples.</param>
/// <param name="PerClass">Every class; empty where there are more than <see cref="MostClasses"/>.</param>
/// <param name="Confusion">Samples by true class (rows) and predicted class (columns); empty as <paramref name="PerClass"/>.</param>
public sealed record ClassificationFigures(
    PrecisionRecall Macro, PrecisionRecall Micro, PrecisionRecall Weighted, ClassFigures[] PerClass, long[][] Confusion)
{
    /// <summary>With more classes only the averages are kept.</summary>
    public const int MostClasses = 100;

    /// <summary>Adds the cells of blocks up. Counts are whole numbers, so the blocks' order means nothing.</summary>
    /// <param name="blocks">One or more blocks of one evaluation.</param>
    /// <param name="notes">Takes a line for each rule that was needed for something undefined.</param>
    internal static ClassificationFigures Of(IReadOnlyList<ClassCounts> blocks, List<string> notes)
    {
        var classes = blocks.Max(block => block.Classes);
        var right = new long[classes];
        var there = new long[classes];
        var predicted = new long[classes];
        var matrix = classes <= MostClasses ? Enumerable.Range(0, classes).Select(_ => new long[classes]).ToArray() : [];
        foreach (var block in blocks)
            for (var i = 0; i < block.Counts.Length; i++)
            {
                var (truth, guess, count) = (block.Truths[i], block.Predictions[i], block.Counts[i]);
                there[truth] += count;
                predicted[guess] += count;
                if (truth == guess) right[truth] += count;
                if (matrix.Length > 0) matrix[truth][guess] += count;
            }

        var each = Enumerable.Range(0, classes).Select(c => PrecisionRecall.Of(right[c], predicted[c], there[c])).ToArray();
        var present = Enumerable.Range(0, classes).Where(c => there[c] + predicted[c] > 0).ToArray();
        var total = there.Sum();
        Note("never predicted, so that their precision counts as 0", [.. present.Where(c => predicted[c] == 0)], notes);
        Note("without samples, so that their recall counts as 0", [.. present.Where(c => there[c] == 0)], notes);
        return new ClassificationFigures(
            Mean(each, present, _ => 1, present.Length),
            PrecisionRecall.Of(right.Sum(), predicted.Sum(), total),
            Mean(each, present, c => there[c], total),
            matrix.Length == 0 ? []
                : [.. each.Select((figures, c) => new ClassFigures(c, figures.Precision, figures.Recall, figures.F1, there[c], predicted[c]))],
            matrix);
    }

    private static PrecisionRecall Mean(PrecisionRecall[] each, int[] present, Func<int, long> weight, long total) => new(
        present.Sum(c => each[c].Precision * weight(c)) / total,
        present.Sum(c => each[c].Recall * weight(c)) / total,
        present.Sum(c => each[c].F1 * weight(c)) / total);

    private static void Note(string what, int[] classes, List<string> notes)
    {
        const int shown = 10;
        if (classes.Length == 0) return;
        var more = classes.Length > shown ? $" and {classes.Length - shown} more" : "";
        notes.Add($"classes {what}: {string.Join(", ", classes.Take(shown))}{more}");
    }
}
