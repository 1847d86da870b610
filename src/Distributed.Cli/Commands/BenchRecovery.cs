using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Benchmarks.Recovery;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench recovery</c>: how long a run stands still when a process of it is lost.</summary>
internal static class BenchRecovery
{
    /// <summary>Nobody waits for the end of so many steps: the benchmark ends the run.</summary>
    private const int Steps = 1 << 20;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("recovery", "From a fault to the next committed step: a killed worker, a killed server, a worker that stands still.");
        var workers = Parsing.WholeNumber("--workers", "N", 2, 64, "worker processes (default: 2)");
        var servers = BenchModels.Servers();
        var rounds = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often each fault is done (default: 3)");
        var sets = Parsing.Several("--set", "path=value", "sets one value of the benchmark's job, such as min-workers=2", Parsing.CheckAssignment);
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        foreach (var option in (Option[])[workers, servers, rounds, sets, json]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            var times = parsed.GetValue(rounds) ?? 3;
            var job = BenchModels.Load(
                "mlp", parsed.GetValue(workers) ?? 2, parsed.GetValue(servers) ?? 1, Steps, ["checkpoint.every-steps=100", "evaluation.every-epochs=1000", .. parsed.GetValue(sets) ?? []]);
            session.Interruption.Listen();
            var benchmark = new RecoveryBenchmark(OwnProgram.Find(typeof(BenchRecovery).Assembly), times, session.Terminal.Out.WriteLine);
            var figures = await benchmark.RunAsync(job, session.Interruption.AtOnce, session.Interruption.Token);
            Print(session.Terminal, figures);
            session.Terminal.Out.WriteLine($"{job.Workers} workers, {job.Servers} servers, {Machine.This}");
            if (parsed.GetValue(json) is { } file) new BenchReport<RecoveryFigures>("recovery", Machine.This, times, figures).Write(file);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Print(TerminalOutput terminal, IReadOnlyList<RecoveryFigures> figures)
    {
        BenchTable.Write(
            terminal, ["fault", "noticed s", "linked anew s", "next step s", "longest s", "steps again"],
            figures.Select(row => (string[])[
                row.Fault, Seconds(row.Noticed.Median), Seconds(row.Regrouped.Median), Seconds(row.NextStep.Median), Seconds(row.Longest),
                row.StepsAgain.Median.ToString("0", CultureInfo.InvariantCulture)]));
        terminal.Out.WriteLine("seconds from the fault on, medians; next step: until a step that was committed after the fault is known");
    }

    private static string Seconds(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
