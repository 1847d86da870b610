using System.Reflection;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Learning;

namespace Distributed;

/// <summary>Trains a program's own module with several processes of that same program.</summary>
public static class DistributedTraining
{
    /// <summary>
    /// Starts worker and server processes on this machine, trains, and returns the trained module. The processes are this program once more,
    /// with its arguments and a few that only this method knows: they run the program's code up to this call, which makes them nodes and
    /// does not return in them. So a program calls it before it does anything that should happen once, with the same plan in all processes.
    /// </summary>
    /// <param name="args">All arguments of the program.</param>
    /// <param name="plan">What to train.</param>
    /// <param name="cancellation">Ends the training with a checkpoint in the run's folder.</param>
    /// <exception cref="BadInputException">Something in the plan is wrong; nothing was begun.</exception>
    /// <exception cref="TrainingFailedException">The training could not go on.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<TrainedModel> RunAsync(string[] args, TrainingPlan plan, CancellationToken cancellation = default)
    {
        Factories.AddModule(plan.Name, plan.Module);
        Factories.AddData(plan.Name, plan.Data);
        if (ChildNode.ArgumentsOf(args) is { } own) await ChildNode.RunAsync(own);

        var job = PlannedJob.Of(plan);
        var program = OwnProgram.Find(Assembly.GetEntryAssembly() ?? throw new BadInputException("a training starts its own program: there is none"));
        await using var nodes = new LocalNodes(
            program with { Leading = [.. program.Leading, .. args, ChildNode.Marker] }, job.Workers, job.Threads);
        var options = new NodeOptions { Name = "coordinator", Roles = ["coordinator"] };
        await using var coordinator = await TrainerNode.StartAsync(options, static _ => { }, cancellation);
        var (outcome, causes) = await new LocalRun(coordinator, nodes).RunAsync(
            job, plan.RunFolder, null, progress => plan.Progress?.Invoke(Public(progress)), static _ => { }, [], cancellation);
        return outcome switch
        {
            { Status: JobStatus.Completed, OutFolder: { } folder, Summary: { } summary } => Trained(plan, folder, summary),
            { Status: JobStatus.Interrupted } => throw new OperationCanceledException($"{plan.Name}: cancelled; {outcome.OutFolder} has a checkpoint", cancellation),
            { Status: JobStatus.BadInput } => throw new BadInputException($"{plan.Name}: {outcome.Reason}"),
            _ => throw new TrainingFailedException($"{plan.Name}: {string.Join("; ", [outcome.Reason ?? "failed", .. causes])}"),
        };
    }

    private static TrainedModel Trained(TrainingPlan plan, string folder, RunSummary summary)
    {
        var module = plan.Module();
        ModelFile.Load(Path.Combine(folder, "model.safetensors"), module);
        module.eval();
        return new TrainedModel(module, summary.Evaluation!, summary.WeightsSha256!, folder);
    }

    private static TrainingProgress Public(RunProgress progress) => new(
        progress.Phase, progress.Epoch, progress.Step, progress.Steps, progress.Loss, progress.SamplesPerSecond, progress.Notices);
}
