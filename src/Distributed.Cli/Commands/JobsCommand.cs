using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer jobs</c> and <c>trainer cancel</c>: a cluster's queue and history.</summary>
internal static class JobsCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer jobs --seed 10.0.0.5:4053          what ran, runs and waits",
        "trainer cancel 1f3c --seed 10.0.0.5:4053   a job by the beginning of its id; one that runs writes a checkpoint first",
    ];

    /// <summary>The list.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("jobs", "Lists the jobs of a cluster: those that have ended, the one that runs, those that wait.");
        var (seed, config, security) = Cluster(command);
        var json = new Option<bool>("--json") { Description = "as JSON, for other programs" };
        command.Add(json);
        command.SetAction(async (parsed, _) =>
        {
            session.Interruption.Listen();
            await using var client = await ClusterClient.ConnectAsync(parsed.GetValue(seed)!, parsed.GetValue(config), session.Interruption.Token, security.OfClient(parsed, session));
            var jobs = (await client.AskAsync<WatchMessages.Jobs>(new WatchMessages.ListJobs(), session.Interruption.Token)).Entries;
            if (parsed.GetValue(json)) session.Terminal.Out.WriteLine(JsonText.Of(jobs));
            else Print(session.Terminal, jobs);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>Ends one.</summary>
    public static Command CreateCancel(Session session)
    {
        var command = new Command("cancel", "Ends a job of a cluster: one that runs writes a checkpoint first, one that waits will not run.");
        var job = new Argument<string>("ID") { Description = "the beginning of the job's id, or its name (trainer jobs lists them)" };
        command.Add(job);
        var (seed, config, security) = Cluster(command);
        command.SetAction(async (parsed, _) =>
        {
            session.Interruption.Listen();
            await using var client = await ClusterClient.ConnectAsync(parsed.GetValue(seed)!, parsed.GetValue(config), session.Interruption.Token, security.OfClient(parsed, session));
            var answer = await client.AskAsync<WatchMessages.Answer>(new WatchMessages.Cancel(parsed.GetValue(job)!), session.Interruption.Token);
            (answer.Done ? session.Terminal.Out : session.Terminal.Error).WriteLine(answer.Done ? answer.Line : ExitCodes.Line(answer.Line));
            return answer.Done ? ExitCodes.Done : ExitCodes.BadInput;
        });
        return command;
    }

    private static (Option<string[]> Seed, Option<string?> Config, SecurityArguments Security) Cluster(Command command)
    {
        var seed = Parsing.Several("--seed", "HOST:PORT", "a node of the cluster; several are tried in turn", Parsing.CheckAddress);
        seed.Required = true;
        var config = Parsing.ClusterFile();
        command.Add(seed);
        command.Add(config);
        return (seed, config, new SecurityArguments(command));
    }

    private static void Print(TerminalOutput terminal, JobEntry[] jobs)
    {
        if (jobs.Length == 0)
        {
            terminal.Out.WriteLine("no jobs yet");
            return;
        }

        BenchTable.Write(terminal, ["id", "job", "state", "workers", "servers", "submitted", "took", "run"], jobs.Select(job => (string[])
        [
            job.ShortId, job.Name, job.State, Whole(job.Workers), Whole(job.Servers), job.Submitted.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
            job.Started is { } started ? Figures.Duration(((job.Ended ?? DateTimeOffset.UtcNow) - started).TotalSeconds) : "", job.Folder,
        ]));
        foreach (var job in jobs.Where(job => job.Outcome is JobStatus.Failed or JobStatus.BadInput && job.Reason is not null))
            terminal.Out.WriteLine($"{job.ShortId}: {job.Reason}");
    }

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
