using Distributed.Learning;

namespace Distributed.Cluster.Jobs;

/// <summary>When a job ends before its last epoch, and with which weights.</summary>
/// <param name="Metric">The figure of the evaluations that is watched.</param>
/// <param name="Patience">How many evaluations in a row may bring no improvement before the job ends.</param>
/// <param name="MinDelta">By how much the figure must get better to count as an improvement.</param>
/// <param name="RestoreBest">Whether the model is that of the best evaluation instead of the last.</param>
internal sealed record EarlyStoppingSpec(string Metric, int Patience, double MinDelta, bool RestoreBest)
{
    private static readonly Dictionary<string, (bool GreaterIsBetter, Func<Evaluation, double?> Value)> Metrics = new()
    {
        ["loss"] = (false, evaluation => evaluation.Loss),
        ["log-loss"] = (false, evaluation => evaluation.LogLoss),
        ["perplexity"] = (false, evaluation => evaluation.Sequence?.Perplexity),
        ["rmse"] = (false, evaluation => evaluation.Regression?.RootMeanSquaredError),
        ["mae"] = (false, evaluation => evaluation.Regression?.MeanAbsoluteError),
        ["r2"] = (true, evaluation => evaluation.Regression?.RSquared),
        ["accuracy"] = (true, evaluation => evaluation.Accuracy),
        ["macro-f1"] = (true, evaluation => evaluation.Classification?.Macro.F1),
        ["f1"] = (true, evaluation => evaluation.Binary?.F1),
        ["roc-auc"] = (true, evaluation => evaluation.Binary?.RocAuc),
    };

    /// <summary>Reads <c>early-stopping { metric = loss, patience = 5, min-delta = 0, restore-best = true }</c>; null without it.</summary>
    /// <exception cref="BadInputException">A key is unknown or out of its range.</exception>
    public static EarlyStoppingSpec? Read(SettingsSection job)
    {
        if (job.OptionalSection("early-stopping") is not { } section)
            return null;
        var spec = new EarlyStoppingSpec(
            section.OneOf("metric", "loss", [.. Metrics.Keys]), section.Integer("patience", 5, 1), section.Number("min-delta", 0, 0),
            section.Flag("restore-best", true));
        section.RejectUnknownKeys();
        return spec;
    }

    /// <summary>The watched figure, turned so that less is better.</summary>
    /// <exception cref="BadInputException">Evaluations of this job have no such figure.</exception>
    public double Cost(Evaluation evaluation)
    {
        var (greaterIsBetter, value) = Metrics[Metric];
        if (value(evaluation) is not { } figure)
            throw new BadInputException(
                $"early-stopping.metric: the evaluations of this job have no {Metric}; they have "
                + string.Join(", ", Metrics.Where(metric => metric.Value.Value(evaluation) is not null).Select(metric => metric.Key)));
        return greaterIsBetter ? -figure : figure;
    }
}
