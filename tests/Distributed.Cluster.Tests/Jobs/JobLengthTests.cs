using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Jobs;

public class JobLengthTests
{
    [Theory]
    [InlineData(3, null, 30, 3)]
    [InlineData(null, 25L, 25, 3)]
    [InlineData(null, 20L, 20, 2)]
    [InlineData(2, 25L, 20, 2)]
    [InlineData(5, 25L, 25, 3)]
    public void Of_epochs_and_steps_the_shorter_holds(int? epochs, long? steps, long totalSteps, int totalEpochs)
    {
        var length = new JobLength(epochs, steps);
        Assert.Equal((totalSteps, totalEpochs), (length.TotalSteps(10), length.TotalEpochs(10)));
    }

    [Fact]
    public void Steps_may_stand_for_epochs()
    {
        Assert.Equal(new JobLength(1, 7), TinyJob.With("steps=7").Length);
        var text = TinyJob.Text.Replace("epochs = 1", "steps = 7", StringComparison.Ordinal);
        Assert.Equal(new JobLength(null, 7), Job.Parse("tiny.hocon", text, new JobOverrides()).Length);
    }

    [Theory]
    [InlineData("", "epochs: missing")]
    [InlineData("steps = 0", "steps: expected a whole number")]
    public void A_job_without_an_end_is_refused(string line, string problem)
    {
        var text = TinyJob.Text.Replace("epochs = 1", line, StringComparison.Ordinal);
        Assert.Contains(problem, Assert.Throws<BadInputException>(() => Job.Parse("tiny.hocon", text, new JobOverrides())).Message, StringComparison.Ordinal);
    }
}
