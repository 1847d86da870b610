using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public sealed class LossTests
{
    [Fact]
    public void Cross_entropy_is_the_mean_of_the_negative_log_probability()
    {
        using var outputs = tensor(new float[] { 1, 2, 3, 0, 0, 0 }, [2, 3]);
        using var targets = tensor(new long[] { 2, 0 });

        using var mean = Create("cross-entropy").Mean(outputs, targets);

        // -log(e^3 / (e + e^2 + e^3)) and log 3.
        var first = -Math.Log(Math.Exp(3) / (Math.Exp(1) + Math.Exp(2) + Math.Exp(3)));
        Assert.Equal((first + Math.Log(3)) / 2, mean.item<float>(), 1e-6);
    }

    [Fact]
    public void Mean_squared_error_takes_numbers()
    {
        using var outputs = tensor(new float[] { 1, 2, 4 }, [3, 1]);
        using var targets = tensor(new float[] { 1, 0, 3 });

        using var mean = Create("mean-squared-error").Mean(outputs, targets);

        Assert.Equal(5.0 / 3, mean.item<float>(), 1e-6);
    }

    [Fact]
    public void Mean_squared_error_takes_classes_as_one_hot_vectors()
    {
        using var outputs = tensor(new float[] { 1, 0, 0, 0.5f }, [2, 2]);
        using var targets = tensor(new long[] { 0, 1 });

        using var mean = Create("mean-squared-error").Mean(outputs, targets);

        Assert.Equal(0.25 / 4, mean.item<float>(), 1e-7);
    }

    [Theory]
    [InlineData("cross-entropy")]
    [InlineData("mean-squared-error")]
    public void A_loss_has_a_gradient(string type)
    {
        using var outputs = zeros([4, 3], requires_grad: true);
        using var targets = tensor(new long[] { 0, 1, 2, 1 });

        using var mean = Create(type).Mean(outputs, targets);
        mean.backward();

        using var gradient = outputs.grad;
        Assert.NotNull(gradient);
        Assert.All(gradient.argmin(1).data<long>().ToArray().Zip([0L, 1, 2, 1]), pair => Assert.Equal(pair.Second, pair.First));
    }

    [Fact]
    public void A_loss_is_a_word_or_a_section_and_cross_entropy_when_absent()
    {
        Assert.Equal("mean-squared-error", LossSpec.Read(Examples.Section(("loss", "mean-squared-error"))).Type);
        Assert.Equal(
            "mean-squared-error", LossSpec.Read(Examples.Section(("loss", new (string, object)[] { ("type", "mean-squared-error") }))).Type);
        Assert.Equal("cross-entropy", LossSpec.Read(Examples.Section()).Type);
    }

    [Fact]
    public void An_unknown_loss_or_key_is_named()
    {
        var word = Assert.Throws<BadInputException>(() => LossSpec.Read(Examples.Section(("loss", "cross-entrpy"))));
        var key = Assert.Throws<BadInputException>(
            () => LossSpec.Read(Examples.Section(("loss", new (string, object)[] { ("type", "cross-entropy"), ("wieght", 1) }))));

        Assert.Equal(
            "job.hocon: loss: expected one of cross-entropy, mean-squared-error, got 'cross-entrpy'; did you mean 'cross-entropy'?",
            word.Message);
        Assert.Contains("loss.wieght: unknown key", key.Message);
    }

    private static ILossFunction Create(string type) => new LossSpec(type).Create();
}
