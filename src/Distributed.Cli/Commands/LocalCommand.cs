using System.CommandLine;
using Distributed.Cli.Pictures;
using Distributed.Cli.Processes;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Nodes;
using Distributed.Learning;

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
        var chaos = new ChaosOptions(command, ofNode: false);
        command.SetAction((parsed, _) => RunAsync(
            session,
            job.Load(parsed),
            parsed.GetValue(data) ?? ".",
            parsed.GetValue(outFolder),
            parsed.GetValue(config),
            job.Plain(parsed),
            chaos: chaos.ForNodes(parsed)));
        return command;
    }

    /// <summary>Starts the processes, runs the job and ends them; <paramref name="resumed"/> is the run that it goes on with, if any.</summary>
    public static async Task<int> RunAsync(
        Session session, Job job, string dataFolder, string? outFolder, string? config, bool plain, ResumableRun? resumed = null,
        Func<string, string[]>? chaos = null)
    {
        // Everything that can be wrong is found before the first process starts.
        job.Data.CheckFiles(dataFolder, DataCache.OfUser(line => session.Terminal.Error.WriteLine(ExitCodes.Line(line))));

        session.Interruption.Listen();
        await using var nodes = new LocalNodes(OwnProgram.Find(typeof(LocalCommand).Assembly), job.Workers, job.Threads);
        session.Interruption.AtOnce(nodes.KillAll);
        using var presenter = new RunPresenter(session, job, plain);
        if (resumed is not null) ResumeCommand.Announce(presenter, resumed);

        var options = new NodeOptions
        {
            Name = "coordinator",
            Roles = ["coordinator"],
            ConfigFile = config,
            DataFolder = dataFolder,
            DrawCurves = Plots.Curves,
            DrawConfusion = Plots.Confusion,
        };
        using var telemetry = Telemetry.Export(options.Name);
        // What this node logs is in the run's log; the terminal shows the run itself.
        await using var coordinator = await TrainerNode.StartAsync(options, static _ => { }, session.Interruption.Token);
        var folder = RunFolder.Prepare(outFolder, job.Name, DateTime.Now);
        string[] arguments = ["--data", options.DataFolder, .. options.ConfigFile is { } file ? (string[])["--config", file] : [], .. chaos?.Invoke(folder) ?? []];
        var (outcome, causes) = await new LocalRun(coordinator, nodes).RunAsync(
            job, folder, resumed?.Checkpoint, presenter.Show, presenter.Notice, arguments, session.Interruption.Token);
        return presenter.Finish(outcome, causes);
    }
}
