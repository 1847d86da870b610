using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>Which curves a run's picture shows: training and test loss, and what measures its task.</summary>
internal static class RunCurves
{
    private static readonly (string Title, string Name, Func<Evaluation, double?> Of)[] Metrics =
    [
        ("accuracy", "accuracy", evaluation => evaluation.Accuracy),
        ("accuracy", "macro F1", evaluation => evaluation.Classification?.Macro.F1),
        ("accuracy", "ROC AUC", evaluation => evaluation.Binary?.RocAuc),
        ("R²", "R²", evaluation => evaluation.Regression?.RSquared),
        ("perplexity", "perplexity", evaluation => evaluation.Sequence?.Perplexity),
    ];

    private static readonly string[] Colours = ["#d62728", "#2ca02c", "#9467bd"];

    /// <summary>The charts.</summary>
    public static IReadOnlyList<Chart> Of(RunHistory history)
    {
        var training = history.Losses.Select(point => (point.Step, point.Value)).ToArray();
        var charts = new List<Chart>
        {
            new("loss", [new Curve("training", "#1f77b4", training, Marked: false), Of("test", "#ff7f0e", history, evaluation => evaluation.Loss)]),
        };
        charts.AddRange(Metrics.GroupBy(metric => metric.Title)
            .Select(group => new Chart(group.Key, [.. group.Where(metric => history.Evaluations.Any(evaluation => metric.Of(evaluation) is not null))
                .Select((metric, i) => Of(metric.Name, Colours[i], history, metric.Of))])));
        return charts;
    }

    private static Curve Of(string name, string colour, RunHistory history, Func<Evaluation, double?> of) => new(
        name, colour, [.. history.Evaluations.Select(evaluation => ((double)evaluation.Version, of(evaluation) ?? double.NaN))], Marked: true);
}
