namespace Distributed.Learning;

/// <summary>How well yes-or-no decisions are made; class 1 is yes, and yes is said above a probability of one half.</summary>
/// <param name="Precision">As <see cref="PrecisionRecall.Precision"/>.</param>
/// <param name="Recall">As <see cref="PrecisionRecall.Recall"/>.</param>
/// <param name="F1">As <see cref="PrecisionRecall.F1"/>.</param>
/// <param name="RocAuc">See <see cref="Learning.RocAuc"/>; null where there is no curve.</param>
/// <param name="PrAuc">The area under precision against recall: <see cref="RankCurves.AveragePrecision"/>; null as the other.</param>
public sealed record BinaryFigures(double Precision, double Recall, double F1, double? RocAuc, double? PrAuc)
{
    internal static BinaryFigures Of(IReadOnlyList<BinaryScores> blocks, List<string> notes)
    {
        float[] positive = [.. blocks.SelectMany(block => block.Positive)];
        float[] negative = [.. blocks.SelectMany(block => block.Negative)];
        var found = positive.LongCount(score => score > 0);
        var predicted = found + negative.LongCount(score => score > 0);
        if (predicted == 0) notes.Add("nothing was predicted positive: the precision counts as 0");
        if (positive.Length == 0) notes.Add("no sample is positive: the recall counts as 0");
        var area = Learning.RocAuc.Of(positive, negative);
        if (area is null) notes.Add("no ROC curve: it needs positive and negative samples and scores that are numbers");
        var figures = PrecisionRecall.Of(found, predicted, positive.Length);
        var curves = RankCurves.Of([.. positive.Select(score => (double)score)], [.. negative.Select(score => (double)score)]);
        return new BinaryFigures(figures.Precision, figures.Recall, figures.F1, area, curves?.AveragePrecision);
    }
}
