using Distributed.Cluster.Jobs;
using Distributed.Learning;
using static TorchSharp.torch;

namespace Distributed.Cluster.Tests.Library;

public class TrainingPlanTests
{
    private static readonly TrainingPlan Plan = new()
    {
        Name = "plan",
        Module = () => nn.Linear(3, 2),
        Data = _ => (Points(8), Points(4)),
        Optimizer = "{ type = adam, learning-rate = 0.01 }",
        Epochs = 3,
        Batch = 8,
    };

    public TrainingPlanTests()
    {
        Factories.AddModule(Plan.Name, Plan.Module);
        Factories.AddData(Plan.Name, Plan.Data);
    }

    [Fact]
    public void A_plan_is_a_job_that_names_its_module_and_its_data()
    {
        var job = PlannedJob.Of(Plan with { Loss = "{ type = cross-entropy, label-smoothing = 0.1 }", Settings = ["early-stopping.patience=3"] });
        Assert.Equal(("plan", 4, 2, 3), (job.Name, job.Slots, job.Workers, job.EarlyStopping!.Patience));
        Assert.Equal([3L], job.Model.Input);
        Assert.Equal([2L], job.Model.Output);
        Assert.Equal(0.1, job.Loss.LabelSmoothing);
        Assert.Equal(0.01, job.Optimizer.LearningRate);
        // The text travels, and every node reads the same from it.
        Assert.Equal(job.Text, Job.Parse("job", job.Text, new JobOverrides()).Text);
    }

    [Fact]
    public void Mistakes_of_a_plan_are_told_before_anything_starts()
    {
        Assert.StartsWith("plan: optimizer.momentum: unknown key", Message(Plan with { Optimizer = "{ type = adam, learning-rate = 0.01, momentum = 1 }" }));
        Assert.StartsWith("plan: workers: 9 workers but only 4 slots", Message(Plan with { Workers = 9 }));
        Assert.StartsWith("plan: expected samples to train on and to test on, got 8 and 0", Message(Plan with { Data = _ => (Points(8), Points(0)) }));
        Assert.StartsWith("plan: the module can't be trained: no parameters", Message(Plan with { Module = () => nn.ReLU() }));
    }

    [Fact]
    public void A_child_finds_a_nodes_arguments_behind_the_programs_own()
    {
        Assert.Null(ChildNode.ArgumentsOf(["node", "--name", "mine"]));
        var node = ChildNode.Options(ChildNode.ArgumentsOf(
            ["--name", "mine", ChildNode.Marker, "node", "--name", "worker-1", "--with-parent", "--role", "worker", "--seed", "127.0.0.1:9", "--cores", "0,2"])!);
        Assert.Equal("worker-1", node.Name);
        Assert.Equal(["worker"], node.Roles);
        Assert.Equal(["127.0.0.1:9"], node.Seeds);
        Assert.Equal([0, 2], node.Cores);
    }

    private static string Message(TrainingPlan plan) => Assert.Throws<BadInputException>(() => PlannedJob.Of(plan)).Message;

    private static IDataSet Points(int samples) => DataSets.OfClasses(zeros(samples, 3), zeros([samples], ScalarType.Int64), 2);
}
