using Akka.Actor;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Security;
using Distributed.Learning;

namespace Distributed.Cluster.Nodes;

/// <summary>Submits jobs to a cluster, and ends them, from outside of it.</summary>
internal static class JobClient
{
    /// <summary>Submits the job to the first of the nodes at <paramref name="seeds"/> that answers and follows it to its end.</summary>
    /// <param name="outFolder">The run's folder on the coordinator's machine; null: the coordinator chooses one.</param>
    /// <param name="checkpoint">The folder, there, of the checkpoint that the run goes on from; null: it begins.</param>
    /// <param name="detached">Not followed: null once the coordinator has taken the job, which <paramref name="accepted"/> hears of.</param>
    /// <param name="accepted">Hears of the job's id and its run's folder there.</param>
    /// <param name="security">Where certificates are, and whether to go without; null leaves it to the configuration.</param>
    /// <exception cref="BadInputException">No node answers there.</exception>
    public static async Task<JobOutcome?> SubmitAsync(
        IReadOnlyList<string> seeds, Job job, string? configFile, Action<RunProgress> progress, CancellationToken interrupt, string? outFolder = null,
        string? checkpoint = null, bool detached = false, Action<Guid, string>? accepted = null,
        SecurityOptions? security = null)
    {
        await using var client = await ClusterClient.ConnectAsync(seeds, configFile, interrupt, security);
        var outcome = new TaskCompletionSource<JobOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var submitter = client.System.ActorOf(SubmitterActor.Props(
            client.Gateway, job.Name, job.Text, outFolder, progress, outcome, checkpoint,
            (id, folder) =>
            {
                accepted?.Invoke(id, folder);
                taken.TrySetResult();
            },
            detached,
            client.Credentials));
        await using var asked = interrupt.Register(() => submitter.Tell(SubmitterActor.Interrupt.Instance));
        if (detached && await Task.WhenAny(taken.Task, outcome.Task) == taken.Task)
            return null;
        return await outcome.Task;
    }

    /// <summary>Has the job that runs in a cluster end with a checkpoint, and waits until it has.</summary>
    /// <param name="stopping">Hears the job's name once it was asked to end.</param>
    /// <returns>The run's folder on the coordinator's machine.</returns>
    /// <exception cref="BadInputException">No node answers there, or no job runs.</exception>
    /// <exception cref="TimeoutException">The coordinator says nothing any more.</exception>
    public static async Task<string> StopAsync(
        IReadOnlyList<string> seeds, string? configFile, Action<string> stopping, CancellationToken interrupt, SecurityOptions? security = null)
    {
        await using var client = await ClusterClient.ConnectAsync(seeds, configFile, interrupt, security);
        var folder = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.System.ActorOf(StopperActor.Props(client.Gateway, stopping, folder));
        return await folder.Task.WaitAsync(interrupt);
    }
}
