using FsCheck.Xunit;

namespace Distributed.Learning.Tests;

public class RankCurvesTests
{
    [Fact]
    public void A_worked_example()
    {
        // Fawcett's way through the ranking: yes 0.9, no 0.8, yes and no 0.7, yes 0.4.
        var curves = RankCurves.Of([0.9, 0.7, 0.4], [0.8, 0.7])!;

        Assert.Equal([(0, 0), (0, 1 / 3.0), (0.5, 1 / 3.0), (1, 2 / 3.0), (1, 1)], curves.Roc);
        Assert.Equal([(0, 1), (1 / 3.0, 1), (1 / 3.0, 0.5), (2 / 3.0, 0.5), (1, 0.6)], curves.PrecisionRecall);
        Assert.Equal(1 / 3.0 + 0.5 / 3 + 0.6 / 3, curves.AveragePrecision, 12);
    }

    [Property]
    public bool The_area_under_the_curve_is_that_of_the_ranks(int[] positive, int[] negative)
    {
        double[] ups = [.. positive.Select(score => score % 7 / 8.0)], downs = [.. negative.Select(score => score % 7 / 8.0)];
        if (RankCurves.Of(ups, downs) is not { } curves) return ups.Length == 0 || downs.Length == 0;
        var area = curves.Roc.Zip(curves.Roc.Skip(1)).Sum(pair => (pair.Second.X - pair.First.X) * (pair.First.Y + pair.Second.Y) / 2);
        return Math.Abs(area - RocAuc.Of([.. ups.Select(up => (float)up)], [.. downs.Select(down => (float)down)])!.Value) < 1e-9
            && curves.Roc[^1] == (1, 1) && curves.PrecisionRecall[^1].X == 1;
    }

    [Fact]
    public void A_score_that_is_no_number_has_no_curve() => Assert.Null(RankCurves.Of([0.5, double.NaN], [0.1]));

    [Fact]
    public void Each_class_stands_against_the_others_and_a_decision_has_one_curve()
    {
        Prediction[] three = [Of(0, 0.7, 0.2, 0.1), Of(1, 0.1, 0.8, 0.1), Of(1, 0.5, 0.3, 0.2), Of(0, 0.6, 0.3, 0.1)];
        Assert.Equal([0, 1], RankCurves.OfClasses(three).Select(each => each.Class));
        Assert.Equal(1, RankCurves.OfClasses(three)[0].Curves.AveragePrecision);

        Assert.Equal([1], RankCurves.OfClasses([Of(1, 0.2, 0.8), Of(0, 0.9, 0.1)]).Select(each => each.Class));
        Assert.Equal([1], RankCurves.OfClasses([Of(1, 0.8), Of(0, 0.1)]).Select(each => each.Class));
        Assert.Empty(RankCurves.OfClasses([]));
    }

    private static Prediction Of(int truth, params double[] values) => new(0, [truth], Array.IndexOf(values, values.Max()), values);
}
