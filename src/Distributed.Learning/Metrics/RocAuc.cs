namespace Distributed.Learning;

/// <summary>
/// The area under the receiver operating characteristic: the probability that a random positive sample scores above a random negative
/// one, where equal scores count half (the Mann-Whitney statistic over the number of pairs).
/// </summary>
public static class RocAuc
{
    /// <summary>Computes it exactly, by ranks.</summary>
    /// <param name="positive">Scores of positive samples, in any order.</param>
    /// <param name="negative">Scores of negative samples.</param>
    /// <returns>The area, 0 to 1; null where one of the kinds is missing or a score is not a number: there is no curve then.</returns>
    public static double? Of(IReadOnlyCollection<float> positive, IReadOnlyCollection<float> negative)
    {
        if (positive.Count == 0 || negative.Count == 0 || positive.Any(float.IsNaN) || negative.Any(float.IsNaN)) return null;
        var ups = positive.Order().ToArray();
        var downs = negative.Order().ToArray();
        // For each positive: the negatives below it, and half of those beside it. Sums of halves are exact in double precision.
        var won = 0.0;
        int below = 0, upTo = 0;
        foreach (var score in ups)
        {
            while (below < downs.Length && downs[below] < score) below++;
            while (upTo < downs.Length && downs[upTo] <= score) upTo++;
            won += (below + upTo) / 2.0;
        }
        return won / ((double)ups.Length * downs.Length);
    }
}
