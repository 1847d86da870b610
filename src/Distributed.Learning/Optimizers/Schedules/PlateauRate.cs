namespace Distributed.Learning;

/// <summary>
/// The learning rate that falls when a figure of the evaluations stays where it is, as PyTorch's <c>ReduceLROnPlateau</c> has it: after
/// more than <c>patience</c> evaluations in a row that are not better than the best one by the share <c>threshold</c>, it is multiplied by
/// <c>factor</c>, down to <c>min-rate</c>. It follows from the evaluations alone, which are the same for any number of workers.
/// A warm-up scales whatever rate this is. Not safe for several threads.
/// </summary>
public sealed class PlateauRate
{
    private readonly ScheduleSpec spec;
    private double best;
    private int withoutImprovement;

    /// <summary>Begins at a rate.</summary>
    /// <param name="spec">A schedule of the type <c>reduce-on-plateau</c>.</param>
    /// <param name="rate">The base rate.</param>
    public PlateauRate(ScheduleSpec spec, double rate)
    {
        this.spec = spec;
        Rate = rate;
        best = spec.Metric.GreaterIsBetter ? double.NegativeInfinity : double.PositiveInfinity;
    }

    /// <summary>The rate for now, which takes the place of the base rate.</summary>
    public double Rate { get; private set; }

    /// <summary>Takes the next evaluation; says whether the rate has fallen.</summary>
    /// <param name="evaluation">The evaluation.</param>
    /// <exception cref="BadInputException">The evaluation lacks the figure that is watched.</exception>
    public bool Observe(Evaluation evaluation)
    {
        var figure = spec.Metric.Of(evaluation, "optimizer.schedule");
        // Not a number is never better.
        if (spec.Metric.GreaterIsBetter ? figure > best * (1 + spec.Threshold) : figure < best * (1 - spec.Threshold))
        {
            (best, withoutImprovement) = (figure, 0);
            return false;
        }

        if (++withoutImprovement <= spec.Patience) return false;
        withoutImprovement = 0;
        var before = Rate;
        // A rate that begins below the least one stays.
        Rate = Math.Min(before, Math.Max(before * spec.Factor, spec.MinRate));
        return Rate < before;
    }
}
