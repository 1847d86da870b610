using System.CommandLine;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Security;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer resume</c>: goes on with a run from its newest checkpoint that is whole.</summary>
internal static class ResumeCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer resume runs/digits-20300101-120000                        with the processes that the job asks for",
        "trainer resume runs/mnist --workers 4 --servers 2 --data ~/data   the result is the same on any number",
        "trainer resume runs/mnist --seed 10.0.0.1:4053                    in a running cluster, on its coordinator's machine",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("resume", "Goes on with an interrupted run from its newest checkpoint, to the same result.");
        var run = new Argument<string>("RUN") { Description = "the folder of a run, with its job.hocon and checkpoints" };
        var workers = Parsing.WholeNumber("--workers", "N", 1, 1024, "worker processes, instead of the job's number");
        var servers = Parsing.WholeNumber("--servers", "M", 1, 256, "parameter servers, instead of the job's number");
        var data = Parsing.DataFolder("where the job's data files are (default: this folder)");
        var seed = Parsing.Several("--seed", "HOST:PORT", "a node of a cluster whose coordinator is on this machine, several are tried in turn; without it processes are started here", Parsing.CheckAddress);
        var config = Parsing.ClusterFile();
        var plain = new Option<bool>("--plain") { Description = "plain lines instead of the live display, as where output is no terminal" };
        command.Add(run);
        foreach (var option in (Option[])[workers, servers, data, seed, config, plain]) command.Add(option);
        var security = new SecurityArguments(command);
        command.SetAction((parsed, _) =>
        {
            var resumable = ResumableRun.Open(parsed.GetValue(run)!, parsed.GetValue(workers), parsed.GetValue(servers));
            return parsed.GetValue(seed) is { Length: > 0 } seeds
                ? SubmitAsync(session, resumable, seeds, parsed.GetValue(config), parsed.GetValue(plain), security.OfClient(parsed, session))
                : LocalCommand.RunAsync(
                    session, resumable.Job, parsed.GetValue(data) ?? ".", resumable.Folder, parsed.GetValue(config), parsed.GetValue(plain), resumable);
        });
        return command;
    }

    /// <summary>Says where the run goes on, and which checkpoints could not be used.</summary>
    public static void Announce(RunPresenter presenter, ResumableRun run)
    {
        foreach (var damaged in run.Damaged) presenter.Notice($"warning: a checkpoint is damaged and skipped: {damaged}");
        presenter.Notice($"resuming from step {run.Version}: {run.Checkpoint}");
    }

    private static async Task<int> SubmitAsync(Session session, ResumableRun run, string[] seeds, string? config, bool plain, SecurityOptions security)
    {
        session.Interruption.Listen();
        using var presenter = new RunPresenter(session, run.Job, plain);
        Announce(presenter, run);
        var outcome = await JobClient.SubmitAsync(
            seeds, run.Job, config, presenter.Show, session.Interruption.Token, Path.GetFullPath(run.Folder), Path.GetFullPath(run.Checkpoint), security: security);
        return presenter.Finish(outcome!, []);
    }
}
