namespace Distributed.Learning;

/// <summary>A figure of evaluations that decides something in a job: when it stops, or when its learning rate falls.</summary>
/// <param name="Name">Its name in jobs.</param>
public sealed record WatchedMetric(string Name)
{
    private const string Key = "metric";
    private const string Fallback = "loss";

    private static readonly Dictionary<string, (bool GreaterIsBetter, Func<Evaluation, double?> Value)> Known = new()
    {
        [Fallback] = (false, evaluation => evaluation.Loss),
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

    /// <summary>The test loss.</summary>
    public static WatchedMetric Loss { get; } = new(Fallback);

    /// <summary>Whether a greater figure is a better one.</summary>
    public bool GreaterIsBetter => Known[Name].GreaterIsBetter;

    /// <summary>Reads the key <c>metric</c> of a section, the loss where it is absent.</summary>
    /// <param name="section">The section.</param>
    /// <exception cref="BadInputException">There is no such figure.</exception>
    public static WatchedMetric Read(SettingsSection section) => new(section.OneOf(Key, Fallback, [.. Known.Keys]));

    /// <summary>The figure of an evaluation.</summary>
    /// <param name="evaluation">The evaluation.</param>
    /// <param name="section">The job's section that asks for it, for the message.</param>
    /// <exception cref="BadInputException">Evaluations of this job have no such figure.</exception>
    public double Of(Evaluation evaluation, string section) => Known[Name].Value(evaluation)
        ?? throw new BadInputException(
            $"{section}.{Key}: the evaluations of this job have no {Name}; they have "
            + string.Join(", ", Known.Where(metric => metric.Value.Value(evaluation) is not null).Select(metric => metric.Key)));
}
