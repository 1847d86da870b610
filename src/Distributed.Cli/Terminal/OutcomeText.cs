using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Terminal;

/// <summary>The last lines of a run.</summary>
internal static class OutcomeText
{
    /// <summary>Test figures, fingerprint of the weights, the run's folder, the time it took: a line each, those that there are.</summary>
    /// <param name="outcome">How the run ended.</param>
    /// <param name="wallSeconds">Seconds since the command began; what came before and after the training is in it.</param>
    public static IReadOnlyList<string> Lines(JobOutcome outcome, double wallSeconds)
    {
        var lines = new List<string>();
        if (outcome.Summary is { } summary) AddSummary(summary, lines);
        if (outcome.OutFolder is { } folder) lines.Add($"run            {folder}");
        lines.Add($"wall time      {Figures.Duration(wallSeconds)}{Speed(outcome.Summary)}");
        return lines;
    }

    private static void AddSummary(RunSummary summary, List<string> lines)
    {
        if (summary.Evaluation is { } evaluation)
        {
            foreach (var (name, value) in EvaluationText.Headline(evaluation))
                lines.Add($"{"test " + name,-15}{value}{(name == "accuracy" ? $" of {Figures.Count(evaluation.Samples)}" : "")}");
            lines.Add($"test loss      {Figures.Loss(evaluation.Loss)}");
        }

        if (summary.WeightsSha256 is { } hash) lines.Add($"weightsSha256  {hash}");
    }

    private static string Speed(RunSummary? summary) =>
        summary is { SamplesPerSecond: > 0 } ? $" ({Figures.Count(summary.SamplesPerSecond)} samples/s in training)" : "";
}
