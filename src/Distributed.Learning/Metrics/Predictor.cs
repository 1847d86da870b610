using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>What a model says about one sample.</summary>
/// <param name="Sample">The sample's number in its data set.</param>
/// <param name="Targets">What is true: a class number, or values in units of the data's source.</param>
/// <param name="Class">The predicted class; null where values are predicted.</param>
/// <param name="Values">The probability of every class, or of yes for every decision; or the predicted values, in units of the data's source.</param>
public sealed record Prediction(int Sample, double[] Targets, int? Class, double[] Values)
{
    /// <summary>Whether the class is right; null where values are predicted.</summary>
    public bool? IsRight => Class is { } predicted ? predicted == Targets[0] : null;
}

/// <summary>Predicts samples one by one, in words that people and tables can use.</summary>
public static class Predictor
{
    /// <summary>Predicts a range of samples. Of a sequence, the last step is told.</summary>
    /// <param name="forward">The model in evaluation mode and without gradients.</param>
    /// <param name="data">The data set.</param>
    /// <param name="meaning">What the outputs say.</param>
    /// <param name="first">The first sample.</param>
    /// <param name="count">How many samples; fewer where the data set ends before.</param>
    public static IEnumerable<Prediction> Predict(Func<Tensor, Tensor> forward, IDataSet data, OutputMeaning meaning, int first, int count)
    {
        var end = Math.Min((long)data.Count, (long)first + count);
        for (var start = first; start < end; start += Evaluator.BlockSize)
            foreach (var prediction in Block(forward, data, meaning, start, (int)Math.Min(Evaluator.BlockSize, end - start)))
                yield return prediction;
    }

    private static Prediction[] Block(Func<Tensor, Tensor> forward, IDataSet data, OutputMeaning meaning, int start, int count)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var batch = data.Gather([.. Enumerable.Range(start, count)]);
        var outputs = forward(batch.Inputs).to_type(ScalarType.Float64);
        var targets = batch.Targets;
        var classes = meaning != OutputMeaning.BinaryLogits && targets.dtype == ScalarType.Int64 && outputs.dim() == targets.dim() + 1;
        if (classes && targets.dim() == 2) (outputs, targets) = (outputs.select(1, -1), targets.select(1, -1));
        var values = meaning switch
        {
            OutputMeaning.Logits when classes => nn.functional.softmax(outputs, 1),
            OutputMeaning.LogProbabilities when classes => outputs.exp(),
            OutputMeaning.BinaryLogits => outputs.sigmoid(),
            _ => outputs,
        };
        var scale = data.TargetScale;
        if (targets.dtype != ScalarType.Int64) values = values * scale.Scale + scale.Offset;
        var rows = Rows(values, count);
        var truths = Rows(targets.dtype == ScalarType.Int64 ? targets.to_type(ScalarType.Float64) : targets.to_type(ScalarType.Float64) * scale.Scale + scale.Offset, count);
        return [.. Enumerable.Range(0, count).Select(i => new Prediction(start + i, truths[i], Class(rows[i]), rows[i]))];

        int? Class(double[] row) => classes ? Array.IndexOf(row, row.Max())
            : meaning == OutputMeaning.BinaryLogits && row.Length == 1 ? row[0] > 0.5 ? 1 : 0
            : null;
    }

    private static double[][] Rows(Tensor values, int count) =>
        [.. values.contiguous().data<double>().ToArray().Chunk((int)(values.numel() / count))];
}
