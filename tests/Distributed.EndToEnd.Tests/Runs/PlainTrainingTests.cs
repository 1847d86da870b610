using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.EndToEnd.Tests;

public class PlainTrainingTests
{
    [Theory]
    [InlineData("cnn", SmallJob.Momentum)]
    [InlineData("mlp", SmallJob.Adam)]
    [InlineData("mlp", SmallJob.Momentum)]
    [InlineData("cnn", SmallJob.Adam)]
    public async Task One_slot_trains_to_the_bits_of_a_plain_loop_of_torch(string model, string optimizer)
    {
        using var folder = new TemporaryFolder();
        var file = SmallJob.Write(folder, model, optimizer, slots: 1);
        var job = Job.Load(file, new JobOverrides());
        var (training, test) = job.Data.Open(folder.Path, job.Seed);
        using var first = training;
        using var second = test;
        var steps = job.Length.TotalSteps(new SlotSampler(training.Count, job.Batch, 1, job.Seed).StepsPerEpoch);
        var plain = PlainTraining.Run(job.Model, training, test, job.Loss.Create(), job.Optimizer, job.Batch, steps, job.Seed);

        var run = await StandingCluster.TrainAsync(file);

        Assert.Equal(plain.WeightsSha256, run.WeightsSha256);
        Assert.Equal(plain.Evaluation!.Loss, run.TestLoss);
        Assert.Equal(plain.Losses, run.StepLosses, (a, b) => Math.Abs(a - b) < 1e-6);
    }
}
