using System.CommandLine;
using Distributed.Cli.Processes;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Nodes;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer local</c>: a whole cluster on this machine for one job. The coordinator is in this process, the rest are children.</summary>
internal static class LocalCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer local                                       the digits job, with the processes that it asks for",
        "trainer local mnist-cnn --workers 4 --data ~/data   a shipped job on four workers",
        "trainer local my.hocon --set epochs=1 --set optimizer.learning-rate=0.01 --out runs/try",
    ];

    /// <summary>How long a run that can't succeed any more may take to say so before the command ends it.</summary>
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(5);

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("local", "Trains a job with several processes on this machine.");
        var job = new JobOptions(command, jobByDefault: true);
        var data = Parsing.DataFolder("where the job's data files are (default: this folder)");
        var outFolder = Parsing.Text("--out", "DIR", "the run's folder (default: runs/<job>-<time>)");
        var config = Parsing.ClusterFile();
        command.Add(data);
        command.Add(outFolder);
        command.Add(config);
        command.SetAction((parsed, _) => RunAsync(
            session,
            job.Load(parsed),
            parsed.GetValue(data) ?? ".",
            parsed.GetValue(outFolder),
            parsed.GetValue(config),
            job.Plain(parsed)));
        return command;
    }

    /// <summary>Starts the processes, runs the job and ends them; <paramref name="resumed"/> is the run that it goes on with, if any.</summary>
    public static async Task<int> RunAsync(
        Session session, Job job, string dataFolder, string? outFolder, string? config, bool plain, ResumableRun? resumed = null)
    {
        // Everything that can be wrong is found before the first process starts.
        job.Data.CheckFiles(dataFolder);

        session.Interruption.Listen();
        await using var nodes = new LocalNodes(OwnProgram.Find(), job.Workers, job.Threads);
        session.Interruption.AtOnce(nodes.KillAll);
        using var presenter = new RunPresenter(session, job, plain);
        if (resumed is not null) ResumeCommand.Announce(presenter, resumed);

        var options = new NodeOptions
        {
            Name = "coordinator",
            Roles = ["coordinator"],
            ConfigFile = config,
            DataFolder = dataFolder,
        };
        // What this node logs is in the run's log; the terminal shows the run itself.
        await using var coordinator = await TrainerNode.StartAsync(options, static _ => { }, session.Interruption.Token);
        var folder = RunFolder.Prepare(outFolder, job.Name, DateTime.Now);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(session.Interruption.Token);
        nodes.Lost += exit => OnLost(exit, coordinator, presenter, stop);
        nodes.StartFor(job, coordinator.Address, ["--data", options.DataFolder, .. options.ConfigFile is { } file ? (string[])["--config", file] : []]);

        var outcome = await RunJobAsync(coordinator, job, folder, resumed?.Checkpoint, presenter, stop.Token, session.Interruption.Token);
        var lost = nodes.LostNodes.Where(exit => outcome.Reason?.Contains(exit.How, StringComparison.Ordinal) != true).Select(exit => exit.Describe()).ToArray();
        await nodes.StopAsync();
        return presenter.Finish(outcome, lost);
    }

    private static async Task<JobOutcome> RunJobAsync(
        TrainerNode coordinator, Job job, string folder, string? checkpoint, RunPresenter presenter, CancellationToken stop, CancellationToken interrupted)
    {
        var run = coordinator.RunJobAsync(job, folder, presenter.Show, stop, checkpoint);
        var stopped = new TaskCompletionSource();
        await using var registration = stop.Register(stopped.SetResult);
        await Task.WhenAny(run, stopped.Task);

        // Stopped, but not by the user: a node was lost before there was anything to save, so no checkpoint is worth waiting for.
        var futile = stop.IsCancellationRequested && !interrupted.IsCancellationRequested;
        if (futile && await Task.WhenAny(run, Task.Delay(GiveUp, interrupted)) != run)
            return new JobOutcome(JobStatus.Failed, "the cluster did not come together", folder, null);
        var outcome = await run;
        return futile && outcome.Status == JobStatus.Interrupted
            ? outcome with { Status = JobStatus.Failed, Reason = "the cluster did not come together" }
            : outcome;
    }

    // A node that is lost in training is the cluster's affair: it goes on with the others. Before that there is nobody to go on.
    private static void OnLost(NodeExit exit, TrainerNode coordinator, RunPresenter presenter, CancellationTokenSource stop)
    {
        coordinator.ReportEnded(exit.Name, exit.How);
        presenter.Notice(exit.Describe());
        if (presenter.Phase is "" or "gathering nodes") stop.Cancel();
    }
}
