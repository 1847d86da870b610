using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// Decides after each evaluation whether a job goes on (L. Prechelt: Early stopping, but when? 1998; here with a fixed patience). The
/// decision follows from the evaluations alone, which are the same for any number of workers.
/// </summary>
internal sealed class EarlyStopping(EarlyStoppingSpec spec)
{
    private double bestCost = double.PositiveInfinity;
    private int withoutImprovement;

    /// <summary>The best evaluation so far; null before the first that is a number.</summary>
    public Evaluation? Best { get; private set; }

    /// <summary>Whether the model of <see cref="Best"/> is the one that is wanted.</summary>
    public bool RestoresBest => spec.RestoreBest && Best is not null;

    /// <summary>Takes the next evaluation; says whether it is the best one by more than the job's <c>min-delta</c>, and whether to stop.</summary>
    /// <exception cref="BadInputException">The evaluation lacks the figure that the job watches.</exception>
    public (bool Improved, bool Stop) Observe(Evaluation evaluation)
    {
        var cost = spec.Cost(evaluation);
        // Not a number is never an improvement.
        var improved = Best is null ? double.IsFinite(cost) : cost < bestCost - spec.MinDelta;
        withoutImprovement = improved ? 0 : withoutImprovement + 1;
        if (improved)
            (bestCost, Best) = (cost, evaluation);
        return (improved, withoutImprovement >= spec.Patience);
    }
}
