using FsCheck.Xunit;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

/// <summary>Small examples worked out by hand; the last digits of some were checked with scikit-learn's definitions.</summary>
public sealed class MetricsTests
{
    [Fact]
    public void Precision_recall_and_F1_of_a_worked_example()
    {
        // Truth 0 0 0 1 1 2, predicted 0 0 1 1 2 2: class 0 P 1 R 2/3; class 1 P 1/2 R 1/2; class 2 P 1/2 R 1.
        var figures = Classify(4, [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2]).Classification!;

        Assert.Equal([0.8, 0.5, 2 / 3.0, 0], figures.PerClass.Select(c => Math.Round(c.F1, 12)), (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal([(3L, 2L), (2L, 2L), (1L, 2L), (0L, 0L)], figures.PerClass.Select(c => (c.Support, c.Predicted)));
        // Class 3 is neither there nor predicted, and does not count.
        Assert.Equal((1 + 0.5 + 0.5) / 3, figures.Macro.Precision, 12);
        Assert.Equal((2 / 3.0 + 0.5 + 1) / 3, figures.Macro.Recall, 12);
        Assert.Equal((0.8 + 0.5 + 2 / 3.0) / 3, figures.Macro.F1, 12);
        Assert.Equal((0.8 * 3 + 0.5 * 2 + 2 / 3.0) / 6, figures.Weighted.F1, 12);
        Assert.Equal(new PrecisionRecall(4 / 6.0, 4 / 6.0, 4 / 6.0), figures.Micro);
        Assert.Equal([[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]], figures.Confusion);
    }

    [Fact]
    public void What_is_undefined_counts_as_0_and_is_noted()
    {
        var evaluation = Classify(3, [0, 0, 1], [0, 2, 0]);

        Assert.Equal(0.5, evaluation.Classification!.PerClass[0].Precision);
        Assert.Equal(new ClassFigures(1, 0, 0, 0, 1, 0), evaluation.Classification.PerClass[1]);
        Assert.Equal(new ClassFigures(2, 0, 0, 0, 0, 1), evaluation.Classification.PerClass[2]);
        Assert.Equal(
            ["classes never predicted, so that their precision counts as 0: 1", "classes without samples, so that their recall counts as 0: 2"],
            evaluation.Notes);
        Assert.Equal(1 / 6.0, evaluation.Classification.Macro.F1, 12);
    }

    [Fact]
    public void Many_classes_keep_their_averages_and_small_messages()
    {
        int[] truths = [.. Enumerable.Range(0, 250).Select(i => i * 7 % 1000)];
        var block = Block(1000, truths, truths);

        Assert.True(block.Classes!.Counts.Length <= 250);
        var figures = Evaluation.Combine([block]).Classification!;
        Assert.Equal(1, figures.Macro.F1);
        Assert.Empty(figures.PerClass);
        Assert.Empty(figures.Confusion);
    }

    [Fact]
    public void Five_guesses_count_where_there_are_more_classes()
    {
        using var outputs = tensor(new float[] { 6, 5, 4, 3, 2, 1, 0, 6, 5, 4, 3, 2, 1, 0, 6, 5, 4, 3, 2, 1, 0 }, [3, 7]);
        using var targets = tensor(new long[] { 0, 4, 5 });
        var evaluation = Of(outputs, targets, OutputMeaning.Logits);

        Assert.Equal(1 / 3.0, evaluation.Accuracy!.Value, 12);
        Assert.Equal(2 / 3.0, evaluation.TopFiveAccuracy!.Value, 12);
    }

    [Fact]
    public void Yes_or_no_decisions_of_a_worked_example()
    {
        // Scores of yes: 2, -1, 0.5; of no: -2, 0.5. Found 2 of 3, one false alarm. Pairs won: 2, 1, 1.5 of 2 each.
        using var outputs = tensor(new float[] { 2, -1, -2, 0.5f, 0.5f }, [5, 1]);
        using var targets = tensor(new float[] { 1, 1, 0, 1, 0 });
        var evaluation = Of(outputs, targets, OutputMeaning.BinaryLogits);

        Assert.Equal(new BinaryFigures(2 / 3.0, 2 / 3.0, 2 / 3.0, 4.5 / 6, null), evaluation.Binary! with { PrAuc = null });
        // As the threshold falls the precision is 1, 2/3 (both of equal scores) and 3/4, each for a third of the recall.
        Assert.Equal((1 + 2 / 3.0 + 3 / 4.0) / 3, evaluation.Binary.PrAuc!.Value, 12);
        Assert.Equal(3 / 5.0, evaluation.Accuracy!.Value, 12);
        double[] losses = [Math.Log(1 + Math.Exp(-2)), Math.Log(1 + Math.E), Math.Log(1 + Math.Exp(-2)), Math.Log(1 + Math.Exp(-0.5)), Math.Log(1 + Math.Exp(0.5))];
        Assert.Equal(losses.Average(), evaluation.LogLoss!.Value, 9);
        Assert.Null(evaluation.Classification);
    }

    [Theory]
    [InlineData(0.95f, 0.7f, (0.05 + 0.7) / 2)]
    [InlineData(0.95f, 0.95f, (2 * 0.95 - 1) / 2)]
    [InlineData(1f, 0.6f, 0.6 / 2)]
    public void The_calibration_error_is_how_far_confidence_and_accuracy_are_apart(float right, float wrong, double error)
    {
        // The first prediction is right, the second wrong; equal confidences are judged together.
        using var outputs = tensor(new float[] { right, 1 - right, 1 - wrong, wrong }, [2, 2]).log();
        using var targets = tensor(new long[] { 0, 0 });
        Assert.Equal(error, Of(outputs, targets, OutputMeaning.LogProbabilities).CalibrationError!.Value, 6);
    }

    [Fact]
    public void The_confidence_of_a_decision_is_that_of_what_is_said()
    {
        // Odds of 9 to 1, once for yes and once for no, both right.
        using var outputs = tensor(new float[] { MathF.Log(9), -MathF.Log(9) });
        using var targets = tensor(new float[] { 1, 0 });
        Assert.Equal(0.1, Of(outputs, targets, OutputMeaning.BinaryLogits).CalibrationError!.Value, 6);
    }

    [Fact]
    public void Two_classes_are_a_decision_too()
    {
        using var outputs = tensor(new float[] { 1, 0, 0, 3, 2, 1 }, [3, 2]);
        using var targets = tensor(new long[] { 0, 1, 1 });
        var evaluation = Of(outputs, targets, OutputMeaning.Logits);

        Assert.Equal(new BinaryFigures(1, 0.5, 2 / 3.0, 0.75, null), evaluation.Binary! with { PrAuc = null });
        Assert.Equal((1 + 2 / 3.0) / 2, evaluation.Binary.PrAuc!.Value, 12);
        Assert.Equal(2 / 3.0, evaluation.Classification!.PerClass[1].F1, 12);
    }

    [Fact]
    public void One_kind_of_sample_gives_no_curve()
    {
        using var outputs = tensor(new float[] { -1, -2 });
        using var targets = tensor(new float[] { 0, 0 });
        var evaluation = Of(outputs, targets, OutputMeaning.BinaryLogits);

        Assert.Equal(new BinaryFigures(0, 0, 0, null, null), evaluation.Binary);
        Assert.Equal(3, evaluation.Notes.Length);
    }

    [Property]
    public bool The_area_under_the_curve_counts_pairs(int[] positive, int[] negative)
    {
        float[] ups = [.. positive.Select(score => (float)(score % 5))], downs = [.. negative.Select(score => (float)(score % 5))];
        if (ups.Length == 0 || downs.Length == 0) return RocAuc.Of(ups, downs) is null;
        var won = ups.Sum(up => downs.Sum(down => up > down ? 1 : up == down ? 0.5 : 0));
        return RocAuc.Of(ups, downs) == won / ((double)ups.Length * downs.Length);
    }

    [Fact]
    public void Values_of_a_worked_example()
    {
        using var outputs = tensor(new float[] { 2.5f, 0, 2, 8 }, [4, 1]);
        using var targets = tensor(new float[] { 3, -0.5f, 2, 7 });
        var figures = Of(outputs, targets, OutputMeaning.Values);

        Assert.Null(figures.Accuracy);
        Assert.Equal(0.375, figures.Regression!.MeanSquaredError, 12);
        Assert.Equal(Math.Sqrt(0.375), figures.Regression.RootMeanSquaredError, 12);
        Assert.Equal(0.5, figures.Regression.MeanAbsoluteError, 12);
        Assert.Equal(1 - 1.5 / 29.1875, figures.Regression.RSquared, 12);
    }

    [Fact]
    public void Errors_of_standardised_values_are_told_in_units_of_the_data()
    {
        using var outputs = tensor(new float[] { 2.5f, 0, 2, 8 }, [4, 1]);
        using var targets = tensor(new float[] { 3, -0.5f, 2, 7 }, [4, 1]);
        using var inputs = zeros(4, 1);
        using var data = new TensorDataSet(inputs.alias(), targets.alias(), 0) { TargetScale = new ValueScale(1000, 5) };
        var loss = new LossSpec("mean-squared-error").Create();
        var figures = Evaluator.Evaluate(_ => outputs.alias(), data, loss, OutputMeaning.Values);

        Assert.Equal(0.375, figures.Loss, 6);
        Assert.Equal(375_000, figures.Regression!.MeanSquaredError, 6);
        Assert.Equal(1000 * Math.Sqrt(0.375), figures.Regression.RootMeanSquaredError, 9);
        Assert.Equal(500, figures.Regression.MeanAbsoluteError, 9);
        Assert.Equal(1 - 1.5 / 29.1875, figures.Regression.RSquared, 12);
        var second = Predictor.Predict(_ => outputs.alias(), data, OutputMeaning.Values, 0, 4).ElementAt(1);
        Assert.Equal([-495.0], second.Targets);
        Assert.Equal([5.0], second.Values);
        Assert.Null(second.Class);
    }

    [Fact]
    public void The_spread_of_targets_is_that_of_all_blocks_together()
    {
        var random = new Random(5);
        // A mean far from 0, where sums of squares alone would lose the spread.
        double[] targets = [.. Enumerable.Range(0, 700).Select(_ => 1e4 + random.NextDouble())];
        double[] outputs = [.. targets.Select(target => target + 0.1 * random.NextDouble())];
        var blocks = targets.Chunk(250).Zip(outputs.Chunk(250)).Select((pair, i) =>
        {
            using var predicted = tensor(pair.Second);
            using var wanted = tensor(pair.First);
            return BlockOf(i, predicted, wanted, OutputMeaning.Values);
        });
        var mean = targets.Average();
        var expected = 1 - targets.Zip(outputs).Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / targets.Sum(target => Math.Pow(target - mean, 2));

        Assert.Equal(expected, Evaluation.Combine(blocks).Regression!.RSquared, 9);
    }

    [Fact]
    public void Targets_that_are_all_alike_give_1_or_0()
    {
        using var same = tensor(new float[] { 3, 1, 3, 2 }, [2, 2]);
        using var targets = tensor(new float[] { 3, 1, 3, 1 }, [2, 2]);

        var figures = Of(same, targets, OutputMeaning.Values);
        Assert.Equal(0.5, figures.Regression!.RSquared);
        Assert.Single(figures.Notes);
    }

    [Fact]
    public void Sequences_have_a_perplexity()
    {
        // Two sequences of three tokens, four classes, all alike: e^loss is 4.
        using var outputs = zeros([2, 3, 4]);
        using var targets = zeros([2, 3], ScalarType.Int64);
        var evaluation = Of(outputs, targets, OutputMeaning.Logits);

        Assert.Equal(6, evaluation.Sequence!.Tokens);
        Assert.Equal(4, evaluation.Sequence.Perplexity, 9);
        Assert.Equal(2, evaluation.Sequence.BitsPerCharacter, 9);
        Assert.Equal(1, evaluation.Accuracy);
        Assert.Null(evaluation.Classification);
    }

    [Fact]
    public void Logarithms_of_probabilities_are_taken_as_they_are()
    {
        using var outputs = tensor(new float[] { MathF.Log(0.25f), MathF.Log(0.5f), MathF.Log(0.25f) }, [1, 3]);
        using var targets = tensor(new long[] { 0 });

        Assert.Equal(Math.Log(4), Of(outputs, targets, OutputMeaning.LogProbabilities).LogLoss!.Value, 6);
        Assert.Null(Of(outputs, targets, OutputMeaning.Values).LogLoss);
    }

    private static Evaluation Classify(int classes, int[] truths, int[] predicted) => Evaluation.Combine([Block(classes, truths, predicted)]);

    private static EvaluationBlock Block(int classes, int[] truths, int[] predicted)
    {
        using var guess = tensor(Array.ConvertAll(predicted, c => (long)c));
        using var hot = nn.functional.one_hot(guess, classes);
        using var outputs = hot.to_type(ScalarType.Float32);
        using var targets = tensor(Array.ConvertAll(truths, c => (long)c));
        return BlockOf(0, outputs, targets, OutputMeaning.Logits);
    }

    private static Evaluation Of(Tensor outputs, Tensor targets, OutputMeaning meaning) =>
        Evaluation.Combine([BlockOf(0, outputs, targets, meaning)]);

    private static EvaluationBlock BlockOf(int number, Tensor outputs, Tensor targets, OutputMeaning meaning)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        return BlockMetrics.Of(new EvaluationBlock(number, (int)outputs.shape[0], 0), outputs, targets, meaning);
    }
}
