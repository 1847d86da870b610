using System.Security.Cryptography;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public sealed class DrawnDigitsTests
{
    [Fact]
    public void A_sample_depends_on_the_seed_and_its_index_alone()
    {
        Assert.Equal(Image(1, 37), Image(1, 37));
        Assert.NotEqual(Image(1, 37), Image(2, 37));
        Assert.NotEqual(Image(1, 37), Image(1, 47));
    }

    [Fact]
    public void A_larger_set_begins_with_the_smaller_one_and_the_test_set_stays()
    {
        var (small, smallTest) = Open(20, 10);
        var (large, largeTest) = Open(40, 10);
        using (small)
        using (smallTest)
        using (large)
        using (largeTest)
        {
            Assert.Equal(Values(small, 20), Values(large, 20));
            Assert.Equal(Values(smallTest, 10), Values(largeTest, 10));
            Assert.NotEqual(Values(small, 10), Values(smallTest, 10));
        }
    }

    [Fact]
    public void Classes_are_balanced_and_inputs_about_normalised()
    {
        var (training, test) = Open(2000, 10);
        using (training)
        using (test)
        using (var batch = training.Gather([.. Enumerable.Range(0, 2000)]))
        {
            Assert.All(batch.Targets.bincount(null, 10).data<long>().ToArray(), count => Assert.Equal(200, count));
            Assert.InRange(batch.Inputs.mean().item<float>(), -0.1f, 0.1f);
            Assert.InRange(batch.Inputs.std().item<float>(), 0.9f, 1.1f);
        }
    }

    [Fact]
    public void The_digits_of_a_seed_are_the_same_for_ever()
    {
        var bytes = Enumerable.Range(0, 100).SelectMany(index => Image(1, index)).ToArray();

        // A change of this makes every earlier run on drawn digits impossible to repeat.
        Assert.Equal("a0a7ed6208aae522", Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
    }

    [Fact]
    public void A_linear_model_stays_below_92_percent()
    {
        using var generator = manual_seed(1);
        using var model = nn.Sequential(("flatten", nn.Flatten()), ("linear", nn.Linear(784, 10)));

        Assert.InRange(AccuracyAfter(model, epochs: 15, rate: 0.01), 0.7, 0.92);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_small_convolutional_network_passes_97_percent()
    {
        using var generator = manual_seed(1);
        using var model = nn.Sequential(
            ("0", nn.Conv2d(1, 16, 3, padding: 1)), ("1", nn.ReLU()), ("2", nn.MaxPool2d(2)),
            ("3", nn.Conv2d(16, 32, 3, padding: 1)), ("4", nn.ReLU()), ("5", nn.MaxPool2d(2)),
            ("6", nn.Flatten()), ("7", nn.Linear(32 * 7 * 7, 64)), ("8", nn.ReLU()), ("9", nn.Linear(64, 10)));

        Assert.InRange(AccuracyAfter(model, epochs: 4, rate: 0.03), 0.97, 1);
    }

    private static double AccuracyAfter(nn.Module<Tensor, Tensor> model, int epochs, double rate)
    {
        var (training, test) = Open(8000, 2000);
        using (training)
        using (test)
        using (var optimizer = optim.SGD(model.parameters(), rate, 0.9))
        {
            var loss = new CrossEntropy();
            var sampler = new SlotSampler(training.Count, batch: 64, slots: 1, seed: 1);
            model.train();
            for (var step = 0; step < epochs * sampler.StepsPerEpoch; step++)
            {
                using var scope = NewDisposeScope();
                using var batch = training.Gather(sampler.Indices(step));
                optimizer.zero_grad();
                loss.Mean(model.call(batch.Inputs), batch.Targets).backward();
                optimizer.step();
            }
            model.eval();
            return Evaluator.Evaluate(model.call, test, loss, OutputMeaning.Logits).Accuracy!.Value;
        }
    }

    private static (IDataSet Training, IDataSet Test) Open(int training, int test) =>
        DataSpec.Read(Examples.Section(("format", "digits"), ("train", training), ("test", test))).Open(".", 1);

    private static float[] Values(IDataSet data, int count)
    {
        using var batch = data.Gather([.. Enumerable.Range(0, count)]);
        return batch.Inputs.data<float>().ToArray();
    }

    private static byte[] Image(ulong seed, int index)
    {
        var bytes = new byte[DrawnDigits.Size];
        DrawnDigits.Draw(seed, index, new DigitCanvas(), bytes);
        return bytes;
    }
}
