using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Evaluates a model block by block. The blocks are fixed by the data set alone, so any number of workers may share them and
/// <see cref="Evaluation.Combine"/> gives the same bits as one worker alone.
/// </summary>
public static class Evaluator
{
    /// <summary>Samples in every block but the last.</summary>
    public const int BlockSize = 250;

    /// <summary>How many blocks a data set has.</summary>
    /// <param name="samples">Its samples.</param>
    public static int BlockCount(int samples) => (samples + BlockSize - 1) / BlockSize;

    /// <summary>Computes one block.</summary>
    /// <param name="forward">The model in evaluation mode and without gradients, such as the <c>Forward</c> of a replica.</param>
    /// <param name="data">The data set, usually the test set.</param>
    /// <param name="loss">The loss of the job.</param>
    /// <param name="meaning">What the outputs say under that loss.</param>
    /// <param name="block">The block in [0, <see cref="BlockCount"/>).</param>
    public static EvaluationBlock EvaluateBlock(Func<Tensor, Tensor> forward, IDataSet data, ILossFunction loss, OutputMeaning meaning, int block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, BlockCount(data.Count));
        var start = block * BlockSize;
        Span<int> indices = stackalloc int[Math.Min(BlockSize, data.Count - start)];
        for (var i = 0; i < indices.Length; i++) indices[i] = start + i;

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var batch = data.Gather(indices);
        var outputs = forward(batch.Inputs);
        var mean = loss.Mean(outputs, batch.Targets).Value();
        return BlockMetrics.Of(new EvaluationBlock(block, batch.Samples, mean * batch.Samples), outputs, batch.Targets, meaning, data.TargetScale.Scale);
    }

    /// <summary>Computes every block of a data set and combines them.</summary>
    /// <param name="forward">The model in evaluation mode and without gradients.</param>
    /// <param name="data">The data set.</param>
    /// <param name="loss">The loss of the job.</param>
    /// <param name="meaning">What the outputs say under that loss.</param>
    public static Evaluation Evaluate(Func<Tensor, Tensor> forward, IDataSet data, ILossFunction loss, OutputMeaning meaning) =>
        Evaluation.Combine(Enumerable.Range(0, BlockCount(data.Count)).Select(block => EvaluateBlock(forward, data, loss, meaning, block)));
}
