using System.CommandLine;
using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer audit</c>: proves by a run's ledger that every sample was counted once an epoch.</summary>
internal static class AuditCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples = ["trainer audit runs/digits-20300101-120000"];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("audit", "Proves by a run's ledger that every sample was counted exactly once an epoch.");
        var run = new Argument<string>("RUN") { Description = "the folder of a run, with its ledger" };
        command.Add(run);
        command.SetAction(parsed =>
        {
            var audit = RunAudit.Of(parsed.GetValue(run)!);
            foreach (var line in audit.Epochs) session.Terminal.Out.WriteLine(line);
            foreach (var line in audit.Problems) session.Terminal.Error.WriteLine(ExitCodes.Line(line));
            return audit.Problems.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }
}
