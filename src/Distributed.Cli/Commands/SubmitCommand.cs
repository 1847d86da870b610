using System.CommandLine;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Security;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer submit</c>: hands a job to a running cluster and shows it until its end.</summary>
internal static class SubmitCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer submit mnist-cnn --seed 10.0.0.5:4053",
        "trainer submit my.hocon --seed head:4053 --workers 8 --servers 2 --set epochs=20",
        "trainer submit my.hocon --seed head:4053 --detach   leaves it in the queue (see: trainer jobs, status, logs, cancel)",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("submit", "Hands a job to a running cluster and shows its progress.");
        var job = new JobOptions(command, jobByDefault: false);
        var seed = Parsing.Several("--seed", "HOST:PORT", "a node of the cluster; several are tried in turn", Parsing.CheckAddress);
        seed.Required = true;
        var config = Parsing.ClusterFile();
        command.Add(seed);
        command.Add(config);
        var detach = new Option<bool>("--detach") { Description = "ends as soon as the cluster has the job, which goes on without it" };
        command.Add(detach);
        var security = new SecurityArguments(command);
        command.SetAction((parsed, _) => RunAsync(
            session, job.Load(parsed), parsed.GetValue(seed)!, parsed.GetValue(config), job.Plain(parsed), parsed.GetValue(detach),
            security.OfClient(parsed, session)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, Job job, string[] seeds, string? config, bool plain, bool detach, SecurityOptions security)
    {
        session.Interruption.Listen();
        if (detach)
        {
            var refused = await JobClient.SubmitAsync(
                seeds, job, config, static _ => { }, session.Interruption.Token, detached: true, security: security,
                accepted: (id, folder) => session.Terminal.Out.WriteLine($"job {id.ToString("N")[..8]}  run {folder}"));
            if (refused is null) return ExitCodes.Done;
            session.Terminal.Error.WriteLine(ExitCodes.Line(refused.Reason ?? "the job failed"));
            return refused.Status == JobStatus.BadInput ? ExitCodes.BadInput : ExitCodes.Failed;
        }

        using var presenter = new RunPresenter(session, job, plain);
        var outcome = await JobClient.SubmitAsync(seeds, job, config, presenter.Show, session.Interruption.Token, security: security);
        return presenter.Finish(outcome!, []);
    }
}
