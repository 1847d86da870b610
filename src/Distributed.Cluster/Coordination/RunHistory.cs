using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// The losses of a run's steps and what its evaluations found, from which curves and warnings are made. Of steps and evaluations long past only means are
/// kept, so that a run of any length can be told of.
/// </summary>
/// <param name="firstStep">The first step that will be told of.</param>
internal sealed class RunHistory(long firstStep)
{
    /// <summary>So many steps, at most, lie between a version and its evaluation's arrival.</summary>
    internal const int Latest = 4096;

    // Of all steps since the newest evaluation the older ones are summed up, in order.
    private readonly Queue<(double Loss, int Samples)> latest = [];
    private const int MostPoints = 2000;

    private readonly ThinnedCurve losses = new(MostPoints);
    private readonly ThinnedCurve[] evaluated = [.. RunCurves.Metrics.Select(_ => new ThinnedCurve(MostPoints))];
    private (double Loss, long Samples) older;
    private long oldest = firstStep;

    /// <summary>The training loss: each step's, or, of many steps, means of spans of equal length.</summary>
    public IReadOnlyList<CurvePoint> Losses => losses.Points;

    /// <summary>What evaluations found of each of <see cref="RunCurves.Metrics"/>; empty where it does not fit the task.</summary>
    public IReadOnlyList<CurvePoint[]> Evaluated => [.. evaluated.Select(curve => curve.Points)];

    /// <summary>Takes the next step; they come in order.</summary>
    public void Add(StepRecord step)
    {
        losses.Add(step.Step + 1, step.Loss);
        latest.Enqueue((step.Loss, step.Samples));
        if (latest.Count > Latest) SumUpOldest();
    }

    /// <summary>
    /// Takes the next evaluation, of a version whose steps are all here. Returns the mean training loss over the samples since the
    /// evaluation before it; not a number where no step lies between.
    /// </summary>
    public double Add(Evaluation evaluation)
    {
        for (var metric = 0; metric < evaluated.Length; metric++)
            evaluated[metric].Add(evaluation.Version, RunCurves.Metrics[metric].Of(evaluation) ?? double.NaN);
        while (oldest < evaluation.Version) SumUpOldest();
        var mean = older.Loss / older.Samples;
        older = default;
        return mean;
    }

    private void SumUpOldest()
    {
        var (loss, samples) = latest.Dequeue();
        older = (older.Loss + (loss * samples), older.Samples + samples);
        oldest++;
    }
}
