using System.Text.Json.Serialization;

namespace Distributed.Learning;

/// <summary>How good a model is on a data set. What does not fit the task is null and left out where it is written as JSON.</summary>
/// <param name="Version">How many updates the weights have had; 0 where nobody counts.</param>
/// <param name="Samples">How many samples were looked at.</param>
/// <param name="Loss">The mean loss over the samples.</param>
/// <param name="Accuracy">The share of the predictions that are right, 0 to 1; null where values are predicted.</param>
public sealed record Evaluation(long Version, int Samples, double Loss, double? Accuracy)
{
    /// <summary>The share of the predictions with the right class among the five likeliest, where there are more than five classes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TopFiveAccuracy { get; init; }

    /// <summary>The mean of <c>-log p(target)</c> in nats, where outputs are probabilities.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LogLoss { get; init; }

    /// <summary>
    /// How far the probability of predictions is from how often they are right, 0 to 1 (expected calibration error over
    /// <see cref="CalibrationBins.Count"/> ranges), where outputs are probabilities.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? CalibrationError { get; init; }

    /// <summary>Class by class, where every sample has one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClassificationFigures? Classification { get; init; }

    /// <summary>Yes-or-no decisions, two classes included.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BinaryFigures? Binary { get; init; }

    /// <summary>Predicted values.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RegressionFigures? Regression { get; init; }

    /// <summary>Predicted steps of sequences.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SequenceFigures? Sequence { get; init; }

    /// <summary>A line for each rule that stands in for something undefined.</summary>
    public string[] Notes { get; init; } = [];

    /// <summary>Without the tables that grow with the number of classes.</summary>
    public Evaluation Brief() => this with { Classification = Classification is null ? null : Classification with { PerClass = [], Confusion = [] } };

    /// <summary>
    /// Sums blocks in the order of their numbers, so that the result has the same bits whoever computed which block and
    /// in whatever order they arrived.
    /// </summary>
    /// <param name="blocks">Every block from 0 on exactly once, in any order.</param>
    /// <param name="version">How many updates the weights have had.</param>
    /// <exception cref="ArgumentException">A block is missing or comes twice, or there is none at all.</exception>
    public static Evaluation Combine(IEnumerable<EvaluationBlock> blocks, long version = 0)
    {
        var ordered = blocks.OrderBy(block => block.Block).ToArray();
        for (var i = 0; i < ordered.Length; i++)
            if (ordered[i].Block != i)
                throw new ArgumentException(
                    $"expected every block from 0 to {ordered.Length - 1} once, got {ordered[i].Block} where {i} belongs", nameof(blocks));
        // Sum() adds from the first to the last.
        var samples = ordered.Sum(block => block.Samples);
        if (samples == 0) throw new ArgumentException("expected at least one block with samples", nameof(blocks));
        var predictions = ordered.Sum(block => (long)block.Predictions);
        var logLoss = All(block => block.LogLossSum)?.Sum();
        var notes = new List<string>();
        return new Evaluation(version, samples, ordered.Sum(block => block.LossSum) / samples, Share(ordered.Sum(block => (long)block.Correct)))
        {
            TopFiveAccuracy = Share(All(block => block.InTopFive)?.Sum(value => (long)value)),
            LogLoss = logLoss / predictions,
            CalibrationError = AllOf(block => block.Calibration) is { } bins ? CalibrationBins.Error(bins) : null,
            Classification = AllOf(block => block.Classes) is { } cells ? ClassificationFigures.Of(cells, notes) : null,
            Binary = AllOf(block => block.Binary) is { } scores ? BinaryFigures.Of(scores, notes) : null,
            Regression = AllOf(block => block.Regression) is { } sums ? RegressionFigures.Of(sums, notes) : null,
            Sequence = ordered[0].IsSequence && logLoss is { } nats ? SequenceFigures.Of(predictions, nats) : null,
            Notes = [.. notes],
        };

        double? Share(long? part) => predictions == 0 ? null : (double?)part / predictions;

        List<T>? All<T>(Func<EvaluationBlock, T?> part) where T : struct =>
            ordered.All(block => part(block) is not null) ? [.. ordered.Select(block => part(block)!.Value)] : null;

        List<T>? AllOf<T>(Func<EvaluationBlock, T?> part) where T : class =>
            ordered.All(block => part(block) is not null) ? [.. ordered.Select(block => part(block)!)] : null;
    }
}
