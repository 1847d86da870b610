namespace Distributed.Learning;

/// <summary>
/// How well scores tell one kind of samples from the others at every threshold: the receiver operating characteristic, and precision
/// against recall. Samples of equal scores pass a threshold together.
/// </summary>
/// <param name="Roc">From (0, 0) to (1, 1): the share of the negative samples that pass, and that of the positive ones.</param>
/// <param name="PrecisionRecall">From recall 0 and precision 1 on: recall, and precision, as the threshold falls.</param>
/// <param name="AveragePrecision">The area under the second as a sum of steps, Σ (Rₙ − Rₙ₋₁) Pₙ, 0 to 1.</param>
public sealed record RankCurves(
    IReadOnlyList<(double X, double Y)> Roc, IReadOnlyList<(double X, double Y)> PrecisionRecall, double AveragePrecision)
{
    /// <summary>Computes both.</summary>
    /// <param name="positive">Scores of the samples of the kind, in any order.</param>
    /// <param name="negative">Scores of the others.</param>
    /// <returns>Null where there are no samples of either or a score is not a number: there are no curves then.</returns>
    public static RankCurves? Of(IReadOnlyCollection<double> positive, IReadOnlyCollection<double> negative)
    {
        if (positive.Count == 0 || negative.Count == 0 || positive.Any(double.IsNaN) || negative.Any(double.IsNaN)) return null;
        var ranked = positive.Select(score => (Score: score, Is: true)).Concat(negative.Select(score => (Score: score, Is: false)))
            .OrderByDescending(sample => sample.Score).ToArray();
        List<(double, double)> roc = [(0, 0)], precisionRecall = [(0, 1)];
        var (right, wrong, area) = (0, 0, 0.0);
        for (var i = 0; i < ranked.Length;)
        {
            var before = right;
            var score = ranked[i].Score;
            for (; i < ranked.Length && ranked[i].Score == score; i++)
                if (ranked[i].Is) right++;
                else wrong++;
            var (recall, precision) = ((double)right / positive.Count, (double)right / (right + wrong));
            area += (double)(right - before) / positive.Count * precision;
            roc.Add(((double)wrong / negative.Count, recall));
            precisionRecall.Add((recall, precision));
        }

        return new RankCurves(roc, precisionRecall, area);
    }

    /// <summary>
    /// The curves of each class against all others, by its predicted probability; of a yes-or-no decision those of yes alone.
    /// </summary>
    /// <param name="predictions">Predictions of classes.</param>
    /// <returns>Class numbers with their curves; classes without any are left out.</returns>
    public static IReadOnlyList<(int Class, RankCurves Curves)> OfClasses(IReadOnlyCollection<Prediction> predictions)
    {
        var width = predictions.Count == 0 ? 0 : predictions.First().Values.Length;
        var classes = width <= 2 ? Enumerable.Range(1, width > 0 ? 1 : 0) : Enumerable.Range(0, width);
        var found = new List<(int, RankCurves)>();
        foreach (var number in classes)
        {
            double Score(Prediction prediction) => prediction.Values[width == 1 ? 0 : number];
            bool Is(Prediction prediction) => prediction.Targets[0] == number;
            if (Of([.. predictions.Where(Is).Select(Score)], [.. predictions.Where(p => !Is(p)).Select(Score)]) is { } curves) found.Add((number, curves));
        }

        return found;
    }
}
