using Distributed.Cli.Benchmarks;
using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Tests.Benchmarks;

public class BenchmarkJobsTests
{
    /// <summary>The parameters of the same models elsewhere, and the samples of a worker's step.</summary>
    [Theory]
    [InlineData("mlp", 535_818, 64, new long[] { 784 }, new long[] { 10 })]
    [InlineData("cnn", 421_642, 64, new long[] { 1, 28, 28 }, new long[] { 10 })]
    [InlineData("big", 10_020_874, 64, new long[] { 784 }, new long[] { 10 })]
    [InlineData("lstm", 876_929, 32, new long[] { 64 }, new long[] { 64, 65 })]
    public void A_model_is_the_one_that_others_measure(string name, long parameters, int samples, long[] input, long[] output)
    {
        var job = Job.Load(Path.Combine(AppContext.BaseDirectory, "jobs", "bench", $"{name}.hocon"), new JobOverrides());
        var (training, test) = job.Data.Open(".", job.Seed);
        using (training)
        using (test)
        using (var module = job.Model.Build(job.Seed))
        using (var batch = training.Gather([.. Enumerable.Range(0, samples)]))
        using (var loss = job.Loss.Create(training).Mean(module.call(batch.Inputs), batch.Targets))
        {
            Assert.Equal(parameters, job.Model.CheckShapes().Sum(layer => layer.Parameters));
            Assert.Equal(samples, job.Batch / job.Workers);
            Assert.Equal(input, job.Model.Input);
            Assert.Equal(output, job.Model.Output);
            // One mean over all places: that of a network that knows nothing.
            Assert.InRange(loss.item<float>(), Math.Log(output[^1]) - 0.5, Math.Log(output[^1]) + 0.5);
        }
    }

    [Fact]
    public void Figures_of_the_input_are_medians_over_the_rounds()
    {
        var figures = InputFigures.Of("some", 2, [new(100, 80, 9, 4), new(10, 9, 1, 0), new(20, 10, 5, 3)]);
        Assert.Equal((20, 10, 5, 3), (figures.Step, figures.Compute, figures.Input, figures.Wait));
        Assert.Equal(0.04, figures.WaitShare, 12);
    }
}
