using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>Which curves a run's picture shows: training and test loss, and what measures its task.</summary>
internal static class RunCurves
{
    /// <summary>What of an evaluation is drawn, and in which chart; null where it does not fit the task.</summary>
    internal static readonly (string Title, string Name, Func<Evaluation, double?> Of)[] Metrics =
    [
        ("loss", "test", evaluation => evaluation.Loss),
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
        var curves = Metrics.Zip(history.Evaluated, (metric, points) => (metric.Title, metric.Name, Points: points)).ToArray();
        var charts = new List<Chart>
        {
            new("loss", [new Curve("training", "#1f77b4", Points(history.Losses), Marked: false), new Curve("test", "#ff7f0e", Points(curves[0].Points), Marked: true)]),
        };
        charts.AddRange(curves[1..].GroupBy(curve => curve.Title).Select(group => new Chart(
            group.Key, [.. group.Where(curve => curve.Points.Length > 0).Select((curve, i) => new Curve(curve.Name, Colours[i], Points(curve.Points), Marked: true))])));
        return charts;
    }

    private static (double X, double Y)[] Points(IEnumerable<CurvePoint> points) => [.. points.Select(point => (point.Step, point.Value))];
}
