using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Tests.Commands;

public class ShippedJobsTests
{
    [Theory]
    [InlineData("mnist-cnn")]
    [InlineData("digits")]
    public void What_is_commented_out_can_be_used_and_says_what_holds_without_it(string name)
    {
        const string comment = "# ";
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "jobs", $"{name}.hocon"));
        var without = Job.Parse(name, text, new JobOverrides());
        var (before, after) = (text[..text.IndexOf("# evaluation {", StringComparison.Ordinal)], text[text.IndexOf("# evaluation {", StringComparison.Ordinal)..]);
        var used = Job.Parse(
            name, before + string.Join('\n', after.Split('\n').Select(line => line.StartsWith(comment, StringComparison.Ordinal) ? line[comment.Length..] : line)),
            new JobOverrides());

        Assert.Equal(without.Evaluation, used.Evaluation);
        Assert.Equal(without.Checkpoint, used.Checkpoint);
        Assert.Equal(Job.Parse(name, text, new JobOverrides(Sets: ["early-stopping.metric=loss"])).EarlyStopping, used.EarlyStopping);
        Assert.Equal(
            Job.Parse(name, text, new JobOverrides(Sets: ["optimizer.schedule.type=reduce-on-plateau"])).Optimizer.Schedule, used.Optimizer.Schedule);
        Assert.Equal(without.Optimizer.Momentum, used.Optimizer.Momentum);
    }
}
