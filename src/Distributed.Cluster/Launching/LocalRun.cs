using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;

namespace Distributed.Cluster.Launching;

/// <summary>One job on this machine from its start to its end: the coordinator is in this process, the rest are its children.</summary>
/// <param name="coordinator">This process's node.</param>
/// <param name="nodes">Where the children go; none has been started.</param>
internal sealed class LocalRun(TrainerNode coordinator, LocalNodes nodes)
{
    /// <summary>How long a run that can't succeed any more may take to say so before it is given up.</summary>
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(5);

    private const string NotTogether = "the cluster did not come together";

    private const string EndAgainAndAgain = "its processes end again and again";

    private readonly RestartRule restarts = new();
    private volatile string phase = "";
    private volatile string trouble = NotTogether;

    /// <summary>Starts the children, runs the job and ends them.</summary>
    /// <param name="job">The job.</param>
    /// <param name="folder">The run's folder; null takes a new one where the coordinator keeps them.</param>
    /// <param name="checkpoint">The checkpoint to go on from; null begins anew.</param>
    /// <param name="progress">Called with every snapshot.</param>
    /// <param name="notice">Called, on any thread, with what there is to say of a child that ended without being asked to.</param>
    /// <param name="arguments">What all children are told besides.</param>
    /// <param name="interrupted">The user's wish for a checkpoint and the run's end.</param>
    /// <returns>How the job ended, and the ends of children that the outcome's reason does not name.</returns>
    public async Task<(JobOutcome Outcome, IReadOnlyList<string> Causes)> RunAsync(
        Job job, string? folder, string? checkpoint, Action<RunProgress> progress, Action<string> notice, string[] arguments,
        CancellationToken interrupted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        nodes.Lost += exit =>
        {
            coordinator.ReportEnded(exit.Name, exit.How);
            // A node that is lost in training is the cluster's affair: it goes on with the others. Before that there is nobody to go on.
            if (phase is "" or "gathering nodes")
            {
                notice(exit.Describe());
                stop.Cancel();
                return;
            }

            bool again;
            lock (restarts) again = restarts.Ended(exit.Name);
            if (phase is "saving" or "failing" or "finished") return;
            notice(again ? $"starting {exit.Name} again" : $"{exit.Name} is not started again: it ended {RestartRule.Most} times with no step between");
            if (again)
            {
                nodes.StartAgain(exit.Name);
            }
            else if (!nodes.Lives(exit.Name[..exit.Name.LastIndexOf('-')]))
            {
                trouble = EndAgainAndAgain;
                stop.Cancel();
            }
        };
        nodes.StartFor(job, coordinator.Address, arguments);
        var outcome = await RunJobAsync(job, folder, checkpoint, Follow, stop.Token, interrupted);
        var causes = nodes.LostNodes.Where(exit => outcome.Reason?.Contains(exit.How, StringComparison.Ordinal) != true)
            .Select(exit => exit.Describe()).ToArray();
        await nodes.StopAsync();
        return (outcome, causes);

        void Follow(RunProgress snapshot)
        {
            phase = snapshot.Phase;
            lock (restarts) restarts.Observe(snapshot.Step);
            progress(snapshot);
        }
    }

    private async Task<JobOutcome> RunJobAsync(
        Job job, string? folder, string? checkpoint, Action<RunProgress> progress, CancellationToken stop, CancellationToken interrupted)
    {
        var run = coordinator.RunJobAsync(job, folder, progress, stop, checkpoint);
        var stopped = new TaskCompletionSource();
        await using var registration = stop.Register(stopped.SetResult);
        await Task.WhenAny(run, stopped.Task);

        // Stopped, but not by the user: a node was lost before there was anything to save, so no checkpoint is worth waiting for.
        var futile = stop.IsCancellationRequested && !interrupted.IsCancellationRequested;
        if (futile && await Task.WhenAny(run, Task.Delay(GiveUp, interrupted)) != run)
            return new JobOutcome(JobStatus.Failed, trouble, folder, null);
        var outcome = await run;
        return futile && outcome.Status == JobStatus.Interrupted ? outcome with { Status = JobStatus.Failed, Reason = trouble } : outcome;
    }
}
