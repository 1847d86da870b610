namespace Distributed.Learning;

/// <summary>
/// The result of one block of an evaluation (a fixed range of <see cref="Evaluator.BlockSize"/> samples of the data set) as sums and
/// counts, which <see cref="Evaluation.Combine"/> adds up. It stays within a few kilobytes: it travels between processes.
/// </summary>
/// <param name="Block">The number of the block, counted from 0.</param>
/// <param name="Samples">How many samples it holds: the last block may be short.</param>
/// <param name="LossSum">The mean loss times the samples.</param>
/// <param name="Predictions">How many predictions are right or wrong: samples, tokens or decisions; 0 for values.</param>
/// <param name="Correct">How many of them are right.</param>
public sealed record EvaluationBlock(int Block, int Samples, double LossSum, int Predictions = 0, int Correct = 0)
{
    /// <summary>How many predictions have the right class among the five likeliest; null where there are five classes or fewer.</summary>
    public int? InTopFive { get; init; }

    /// <summary>The sum over predictions of <c>-log p(target)</c> in nats; null where outputs are no probabilities.</summary>
    public double? LogLossSum { get; init; }

    /// <summary>How sure predictions were and how often right; null where outputs are no probabilities.</summary>
    public CalibrationBins? Calibration { get; init; }

    /// <summary>Whether predictions are the steps of sequences (tokens), whose classes are not told apart.</summary>
    public bool IsSequence { get; init; }

    /// <summary>Which classes were taken for which; null unless every sample has one class.</summary>
    public ClassCounts? Classes { get; init; }

    /// <summary>The scores of yes-or-no decisions; null unless there are any.</summary>
    public BinaryScores? Binary { get; init; }

    /// <summary>Sums over predicted values; null unless targets are values.</summary>
    public RegressionSums? Regression { get; init; }
}

/// <summary>The filled cells of a confusion matrix.</summary>
/// <param name="Classes">Rows and columns of the whole matrix.</param>
/// <param name="Truths">The row (true class) of each filled cell.</param>
/// <param name="Predictions">The column (predicted class) of each filled cell.</param>
/// <param name="Counts">The samples in each filled cell.</param>
public sealed record ClassCounts(int Classes, int[] Truths, int[] Predictions, int[] Counts);

/// <summary>
/// The scores of a block's yes-or-no decisions, above 0 for yes. They are kept one by one, so that the area under the ROC curve is
/// exact.
/// </summary>
/// <param name="Positive">Scores of those that are yes in truth, in the data's order.</param>
/// <param name="Negative">Scores of those that are no in truth.</param>
public sealed record BinaryScores(float[] Positive, float[] Negative);

/// <summary>
/// What errors of predicted values are computed from, one entry for each output of the model, in numbers as the model is trained on.
/// </summary>
/// <param name="Count">Values an output.</param>
/// <param name="SquaredErrors">Σ (prediction − target)².</param>
/// <param name="AbsoluteErrors">Σ |prediction − target|.</param>
/// <param name="TargetMeans">The mean target.</param>
/// <param name="TargetSquares">Σ (target − mean target)².</param>
/// <param name="Unit">What one of the targets' numbers is in units of the data's source: <see cref="ValueScale.Scale"/>.</param>
public sealed record RegressionSums(
    long Count, double[] SquaredErrors, double[] AbsoluteErrors, double[] TargetMeans, double[] TargetSquares, double Unit = 1);
