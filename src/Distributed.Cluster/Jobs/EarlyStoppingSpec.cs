using Distributed.Learning;

namespace Distributed.Cluster.Jobs;

/// <summary>When a job ends before its last epoch, and with which weights.</summary>
/// <param name="Metric">The figure of the evaluations that is watched.</param>
/// <param name="Patience">How many evaluations in a row may bring no improvement before the job ends.</param>
/// <param name="MinDelta">By how much the figure must get better to count as an improvement.</param>
/// <param name="RestoreBest">Whether the model is that of the best evaluation instead of the last.</param>
internal sealed record EarlyStoppingSpec(WatchedMetric Metric, int Patience, double MinDelta, bool RestoreBest)
{
    /// <summary>Reads <c>early-stopping { metric = loss, patience = 5, min-delta = 0, restore-best = true }</c>; null without it.</summary>
    /// <exception cref="BadInputException">A key is unknown or out of its range.</exception>
    public static EarlyStoppingSpec? Read(SettingsSection job)
    {
        if (job.OptionalSection("early-stopping") is not { } section)
            return null;
        var spec = new EarlyStoppingSpec(
            WatchedMetric.Read(section), section.Integer("patience", 5, 1), section.Number("min-delta", 0, 0),
            section.Flag("restore-best", true));
        section.RejectUnknownKeys();
        return spec;
    }

    /// <summary>The watched figure, turned so that less is better.</summary>
    /// <exception cref="BadInputException">Evaluations of this job have no such figure.</exception>
    public double Cost(Evaluation evaluation) => (Metric.GreaterIsBetter ? -1 : 1) * Metric.Of(evaluation, "early-stopping");
}
