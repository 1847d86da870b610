using FsCheck.Xunit;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public sealed class EvaluationTests
{
    [Fact]
    public void Blocks_that_arrive_in_any_order_give_the_same_bits()
    {
        var random = new Random(3);
        var blocks = Enumerable.Range(0, 40)
            .Select(i => new EvaluationBlock(i, 250, random.NextDouble() * Math.Pow(10, i % 7), 250, i)).ToArray();
        var expected = Evaluation.Combine(blocks);

        for (var round = 0; round < 20; round++)
        {
            random.Shuffle(blocks);
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected.Loss), BitConverter.DoubleToInt64Bits(Evaluation.Combine(blocks).Loss));
        }
    }

    [Fact]
    public void The_mean_is_over_samples_and_not_over_blocks()
    {
        var evaluation = Evaluation.Combine([new EvaluationBlock(1, 1, 5, 1, 0), new EvaluationBlock(0, 3, 3, 3, 3)]);

        Assert.Equal((4, 2.0, 0.75), (evaluation.Samples, evaluation.Loss, evaluation.Accuracy));
    }

    [Theory]
    [InlineData]
    [InlineData(1)]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    public void A_missing_or_doubled_block_is_refused(params int[] numbers) =>
        Assert.Throws<ArgumentException>(() => Evaluation.Combine(numbers.Select(number => new EvaluationBlock(number, 1, 1, 1, 1))));

    [Property]
    public void Blocks_cover_every_sample(ushort samples)
    {
        var blocks = Evaluator.BlockCount(samples);

        Assert.InRange(blocks * Evaluator.BlockSize - samples, 0, Evaluator.BlockSize - 1);
    }

    [Fact]
    public void A_data_set_is_evaluated_block_by_block()
    {
        var (training, test) = DataSpec.Read(Examples.Section(("format", "digits"), ("train", 10), ("test", 610))).Open(".", 1);
        using (training)
        using (test)
        {
            // Sure of the digit 0, which every tenth sample is.
            static Tensor Zero(Tensor inputs)
            {
                var outputs = zeros([inputs.shape[0], 10]);
                outputs[.., 0] = 20;
                return outputs;
            }

            var loss = new LossSpec("cross-entropy").Create();
            var before = Examples.LiveTensors();
            var last = Evaluator.EvaluateBlock(Zero, test, loss, OutputMeaning.Logits, 2);
            var evaluation = Evaluator.Evaluate(Zero, test, loss, OutputMeaning.Logits);

            Assert.Equal((2, 110, 11), (last.Block, last.Samples, last.Correct));
            Assert.Equal((610, 0.1), (evaluation.Samples, evaluation.Accuracy));
            Assert.Equal(0.9 * 20, evaluation.Loss, 1e-4);
            Assert.Equal(before, Tensor.TotalCount);
            Assert.Throws<ArgumentOutOfRangeException>(() => Evaluator.EvaluateBlock(Zero, test, loss, OutputMeaning.Logits, 3));
        }
    }

    [Fact]
    public void The_first_of_equal_outputs_counts()
    {
        using var outputs = tensor(new float[] { 1, 1, 0, 2, 0, 3 }, [3, 2]);
        using var targets = tensor(new long[] { 0, 1, 0 });
        using var numbers = tensor(new float[] { 0, 1, 0 });

        Assert.Equal((3, 2), Accuracy.Count(outputs, targets, OutputMeaning.Logits));
        Assert.Equal((0, 0), Accuracy.Count(outputs, numbers, OutputMeaning.Values));
    }
}
