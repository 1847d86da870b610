namespace Distributed.Learning;

/// <summary>
/// How sure a block's predictions were beside how often they were right, in <see cref="Count"/> equal ranges of confidence: the
/// probability of the predicted class.
/// </summary>
/// <param name="Predictions">Predictions in each range.</param>
/// <param name="Correct">How many of them are right.</param>
/// <param name="Confidence">The sum of their confidences.</param>
public sealed record CalibrationBins(int[] Predictions, int[] Correct, double[] Confidence)
{
    /// <summary>How many ranges there are (as in Guo et al., 2017).</summary>
    public const int Count = 15;

    /// <summary>Sorts predictions into ranges.</summary>
    /// <param name="confidences">The probability of each predicted class, 0 to 1; what is not a number is left out.</param>
    /// <param name="right">Whether it is the true one.</param>
    internal static CalibrationBins Of(ReadOnlySpan<double> confidences, ReadOnlySpan<bool> right)
    {
        var bins = new CalibrationBins(new int[Count], new int[Count], new double[Count]);
        for (var i = 0; i < confidences.Length; i++)
        {
            if (double.IsNaN(confidences[i])) continue;
            var bin = Math.Clamp((int)(confidences[i] * Count), 0, Count - 1);
            bins.Predictions[bin]++;
            bins.Correct[bin] += right[i] ? 1 : 0;
            bins.Confidence[bin] += confidences[i];
        }

        return bins;
    }

    /// <summary>
    /// The expected calibration error, 0 to 1: the mean over predictions of how far confidence and accuracy of their range are apart,
    /// Σ |correct − confidence| / predictions.
    /// </summary>
    /// <param name="blocks">Blocks in their order.</param>
    /// <returns>Null where nothing was predicted.</returns>
    internal static double? Error(IReadOnlyList<CalibrationBins> blocks)
    {
        var predictions = blocks.Sum(block => block.Predictions.Sum(count => (long)count));
        if (predictions == 0) return null;
        return Enumerable.Range(0, Count)
            .Sum(bin => Math.Abs(blocks.Sum(block => (long)block.Correct[bin]) - blocks.Sum(block => block.Confidence[bin]))) / predictions;
    }
}
