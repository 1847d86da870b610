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

    [Theory]
    [InlineData("sgd", "momentum", "1", "job.hocon: momentum: expected a number of at least 0 and at most 0.9")]
    [InlineData("sgd", "nesterov", "true", "job.hocon: nesterov: expected a momentum above 0 with it, got none")]
    [InlineData("sgd", "beta1", "0.9", "job.hocon: beta1: unknown key")]
    [InlineData("adam", "beta2", "-1", "job.hocon: beta2: expected a number of at least 0")]
    [InlineData("adam", "momentum", "0.9", "job.hocon: momentum: unknown key")]
    public void What_does_not_fit_is_refused(string type, string key, string value, string message) =>
        Assert.StartsWith(message, Assert.Throws<BadInputException>(() => OptimizerSpec.Read(
            Examples.Section(("type", type), ("learning-rate", 0.1), (key, value)))).Message);
}
