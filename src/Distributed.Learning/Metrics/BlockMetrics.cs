using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Turns the outputs for one block of samples into sums. Which ones follows from what outputs and targets are.</summary>
internal static class BlockMetrics
{
    /// <summary>More outputs than this are counted as one: their sums would not stay small.</summary>
    public const int MostOutputs = 64;

    /// <summary>More scores than this in a block are not kept, and there is no ROC curve.</summary>
    private const int MostScores = 1000;

    private const int Top = 5;

    /// <summary>Must be called within a dispose scope and without gradients.</summary>
    /// <param name="block">The block so far: number, samples, loss.</param>
    /// <param name="outputs">What the model computed, <c>[samples, …]</c>.</param>
    /// <param name="targets">Int64 classes, <c>[samples]</c> or <c>[samples, time]</c>, or float32 values.</param>
    /// <param name="meaning">What the outputs say.</param>
    /// <param name="unit">What a value of 1 is in units of the data's source.</param>
    public static EvaluationBlock Of(EvaluationBlock block, Tensor outputs, Tensor targets, OutputMeaning meaning, double unit = 1)
    {
        var (predictions, correct) = Accuracy.Count(outputs, targets, meaning);
        block = block with { Predictions = predictions, Correct = correct };
        if (meaning == OutputMeaning.BinaryLogits) return Decisions(block, outputs.reshape(-1), targets.reshape(-1));
        if (targets.dtype == ScalarType.Int64 && outputs.dim() == targets.dim() + 1) return Classes(block, outputs, targets, meaning);
        return block with { Regression = Values(outputs, targets, unit) };
    }

    private static EvaluationBlock Decisions(EvaluationBlock block, Tensor scores, Tensor targets)
    {
        var yes = targets.gt(0.5f);
        // Of a decision with score s and truth t the loss is log(1 + e^s) - s t, in double precision.
        var wide = scores.to_type(ScalarType.Float64);
        var loss = (nn.functional.softplus(wide) - wide * yes.to_type(ScalarType.Float64)).sum().Value();
        return block with
        {
            LogLossSum = loss,
            Calibration = Calibration(nn.functional.softplus(-wide.abs()).neg().exp(), wide.gt(0).eq(yes)),
            Binary = Scores(scores, yes),
        };
    }

    private static EvaluationBlock Classes(EvaluationBlock block, Tensor outputs, Tensor targets, OutputMeaning meaning)
    {
        var classes = (int)outputs.shape[^1];
        var rows = outputs.reshape(-1, classes);
        var truths = targets.reshape(-1);
        var predicted = rows.argmax(1);
        var column = truths.unsqueeze(1);
        var sums = block with
        {
            IsSequence = targets.dim() > 1,
            InTopFive = classes > Top ? (int)rows.topk(Top, 1).indexes.eq(column).any(1).sum().Whole() : null,
            LogLossSum = meaning switch
            {
                OutputMeaning.Logits => -nn.functional.log_softmax(rows.to_type(ScalarType.Float64), 1).gather(1, column).sum().Value(),
                OutputMeaning.LogProbabilities => -rows.to_type(ScalarType.Float64).gather(1, column).sum().Value(),
                _ => null,
            },
        };
        if (meaning is OutputMeaning.Logits or OutputMeaning.LogProbabilities)
        {
            var wide = rows.to_type(ScalarType.Float64);
            var sure = (meaning == OutputMeaning.Logits ? nn.functional.log_softmax(wide, 1) : wide).gather(1, predicted.unsqueeze(1)).exp();
            sums = sums with { Calibration = Calibration(sure.reshape(-1), predicted.eq(truths)) };
        }

        if (sums.IsSequence) return sums;
        return sums with
        {
            Classes = Cells(classes, truths.data<long>().ToArray(), predicted.data<long>().ToArray()),
            Binary = classes == 2 ? Scores(rows.select(1, 1) - rows.select(1, 0), truths.eq(1)) : null,
        };
    }

    private static ClassCounts Cells(int classes, long[] truths, long[] predicted)
    {
        var cells = truths.Zip(predicted).CountBy(pair => pair).OrderBy(cell => cell.Key).ToArray();
        return new ClassCounts(
            classes, [.. cells.Select(cell => (int)cell.Key.First)], [.. cells.Select(cell => (int)cell.Key.Second)],
            [.. cells.Select(cell => cell.Value)]);
    }

    private static CalibrationBins Calibration(Tensor confidences, Tensor right) =>
        CalibrationBins.Of(confidences.contiguous().data<double>().ToArray(), right.contiguous().data<bool>().ToArray());

    private static BinaryScores? Scores(Tensor scores, Tensor yes) => scores.numel() > MostScores ? null : new BinaryScores(
        scores.masked_select(yes).to_type(ScalarType.Float32).data<float>().ToArray(),
        scores.masked_select(yes.logical_not()).to_type(ScalarType.Float32).data<float>().ToArray());

    private static RegressionSums Values(Tensor outputs, Tensor targets, double unit)
    {
        var width = outputs.shape[0] == 0 ? 1 : outputs.numel() / outputs.shape[0];
        if (width > MostOutputs) width = 1;
        var predicted = outputs.to_type(ScalarType.Float64).reshape(-1, width);
        var wanted = targets.to_type(ScalarType.Float64).reshape(-1, width);
        var errors = predicted - wanted;
        var means = wanted.mean([0L]);
        return new RegressionSums(
            predicted.shape[0], Sum(errors.square()), Sum(errors.abs()), means.data<double>().ToArray(), Sum((wanted - means).square()), unit);
    }

    private static double[] Sum(Tensor rows) => rows.sum([0L]).data<double>().ToArray();
}
