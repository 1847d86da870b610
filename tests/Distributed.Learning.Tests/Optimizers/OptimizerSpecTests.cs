namespace Distributed.Learning.Tests;

public class OptimizerSpecTests
{
    [Fact]
    public void Options_are_read_with_torchs_defaults()
    {
        Assert.Equal(new OptimizerSpec("sgd", 0.1) { Momentum = 0.9, Nesterov = true, WeightDecay = 1e-4 }, OptimizerSpec.Read(
            Examples.Section(("type", "sgd"), ("learning-rate", 0.1), ("momentum", 0.9), ("nesterov", "true"), ("weight-decay", 1e-4))));
        Assert.Equal(new OptimizerSpec("adam", 0.1), OptimizerSpec.Read(Examples.Section(("type", "adam"), ("learning-rate", 0.1))));
        Assert.Equal(new OptimizerSpec("adamw", 0.1) { WeightDecay = 0.01, Beta1 = 0.5, Beta2 = 0.7, Epsilon = 1e-3 }, OptimizerSpec.Read(
            Examples.Section(("type", "adamw"), ("learning-rate", 0.1), ("beta1", 0.5), ("beta2", 0.7), ("epsilon", 1e-3))));
    }

    [Fact]
    public void Groups_clipping_and_scaling_are_read()
    {
        var spec = OptimizerSpec.Read(Examples.Section(
            ("type", "lamb"), ("learning-rate", 0.1), ("clip-norm", 1), ("clip-value", 5), ("l1", 0.01), ("decay-only-weights", "yes"),
            ("groups", new object[] { new (string, object)[] { ("match", "*.bias"), ("weight-decay", 0), ("learning-rate-factor", 2) } }),
            ("linear-scaling", new (string, object)[] { ("base-batch", 128) })));
        Assert.Equal((1, 5, 0.01, true, 0.01, 1e-6), (spec.ClipNorm, spec.ClipValue, spec.L1, spec.DecayOnlyWeights, spec.WeightDecay, spec.Epsilon));
        Assert.Equal([new ParameterGroup("*.bias", 0, null, 2)], spec.Groups);
        Assert.Equal(0.4, spec.ScaledRate(512), 1e-15);
        Assert.Equal(2, spec.NormExchanges);
        Assert.Equal(0, new OptimizerSpec("adam", 0.1).NormExchanges);
    }

    [Theory]
    [InlineData("adagrad", 1e-10, 0.9, 0.999)]
    [InlineData("lion", 1e-8, 0.9, 0.99)]
    [InlineData("lamb", 1e-6, 0.9, 0.999)]
    [InlineData("nadam", 1e-8, 0.9, 0.999)]
    public void Rules_have_the_defaults_of_their_papers_or_torch(string type, double epsilon, double beta1, double beta2)
    {
        var spec = OptimizerSpec.Read(Examples.Section(("type", type), ("learning-rate", 0.1)));
        Assert.Equal((epsilon, beta1, beta2), (spec.Epsilon, spec.Beta1, spec.Beta2));
    }

    [Theory]
    [InlineData("lion", "epsilon", "1", "job.hocon: epsilon: unknown key")]
    [InlineData("sgd", "clip-norm", "0", "job.hocon: clip-norm: expected a number above 0, got '0'")]
    [InlineData("sgd", "momentum", "1", "job.hocon: momentum: expected a number of at least 0 and at most 0.9")]
    [InlineData("sgd", "nesterov", "true", "job.hocon: nesterov: expected a momentum above 0 with it, got none")]
    [InlineData("sgd", "beta1", "0.9", "job.hocon: beta1: unknown key")]
    [InlineData("adam", "beta2", "-1", "job.hocon: beta2: expected a number of at least 0")]
    [InlineData("adam", "momentum", "0.9", "job.hocon: momentum: unknown key")]
    public void What_does_not_fit_is_refused(string type, string key, string value, string message) =>
        Assert.StartsWith(message, Assert.Throws<BadInputException>(() => OptimizerSpec.Read(
            Examples.Section(("type", type), ("learning-rate", 0.1), (key, value)))).Message);
}
