namespace Distributed.Learning;

/// <summary>How good a model is on a data set.</summary>
/// <param name="Samples">How many samples were looked at.</param>
/// <param name="Loss">The mean loss over the samples.</param>
/// <param name="Accuracy">The share of the samples that were classified rightly, 0 to 1.</param>
public sealed record Evaluation(int Samples, double Loss, double Accuracy)
{
    /// <summary>
    /// Sums blocks in the order of their numbers, so that the result has the same bits whoever computed which block and
    /// in whatever order they arrived.
    /// </summary>
    /// <param name="blocks">Every block from 0 on exactly once, in any order.</param>
    /// <exception cref="ArgumentException">A block is missing or comes twice, or there is none at all.</exception>
    public static Evaluation Combine(IEnumerable<EvaluationBlock> blocks)
    {
        var ordered = blocks.OrderBy(block => block.Block).ToArray();
        var samples = 0;
        var loss = 0.0;
        var correct = 0L;
        for (var i = 0; i < ordered.Length; i++)
        {
            if (ordered[i].Block != i)
                throw new ArgumentException(
                    $"expected every block from 0 to {ordered.Length - 1} once, got {ordered[i].Block} where {i} belongs", nameof(blocks));
            samples += ordered[i].Samples;
            loss += ordered[i].LossSum;
            correct += ordered[i].Correct;
        }
        if (samples == 0) throw new ArgumentException("expected at least one block with samples", nameof(blocks));
        return new Evaluation(samples, loss / samples, (double)correct / samples);
    }
}
