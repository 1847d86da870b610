using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Launching;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench compare</c>: what settings of a job cost.</summary>
internal static class BenchCompare
{
    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("compare", "What settings of a job cost: the same steps without and with them, on the same workers and servers in turn.");
        var models = BenchModels.Argument();
        var workers = BenchModels.Workers();
        var servers = BenchModels.Servers();
        var rounds = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often both are measured in turn (default: 5)");
        var steps = Parsing.WholeNumber("--steps", "N", 2 * CompareBenchmark.WarmSteps, 100_000, "steps of one measurement (default: 640)");
        var sets = Parsing.Several("--set", "path=value", "sets one value of the benchmark's job, in both", Parsing.CheckAssignment);
        var with = Parsing.Several("--with", "path=value", "a setting whose cost is wanted, such as checkpoint.every-steps=100", Parsing.CheckAssignment);
        with.Required = true;
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var config = Parsing.ClusterFile();
        command.Add(models);
        foreach (var option in (Option[])[workers, servers, rounds, steps, sets, with, json, config]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            var (times, perRound) = (parsed.GetValue(rounds) ?? 5, parsed.GetValue(steps) ?? 640);
            var (nodes, homes) = (parsed.GetValue(workers) ?? 2, parsed.GetValue(servers) ?? 1);
            var names = BenchModels.Chosen(parsed, models);
            string[] both = ["evaluation.every-epochs=1000", .. parsed.GetValue(sets) ?? []];
            var wanted = parsed.GetValue(with)!;
            var jobs = names.Select(name => (
                Name: name, Without: BenchModels.Load(name, nodes, homes, perRound, both), With: BenchModels.Load(name, nodes, homes, perRound, [.. both, .. wanted]))).ToArray();
            foreach (var (_, bare, dressed) in jobs)
                if ((bare.Workers, bare.Servers, bare.Threads) != (dressed.Workers, dressed.Servers, dressed.Threads))
                    throw new BadInputException("--with: workers, servers and threads are those of the same processes in both: expected other settings");
            session.Interruption.Listen();
            var benchmark = new CompareBenchmark(OwnProgram.Find(typeof(BenchCompare).Assembly), times, session.Terminal.Out.WriteLine);
            var figures = new List<CompareFigures>();
            foreach (var (name, bare, dressed) in jobs)
                figures.Add(await benchmark.RunAsync(name, bare, dressed, parsed.GetValue(config), session.Interruption.AtOnce, session.Interruption.Token));
            Print(session.Terminal, figures);
            session.Terminal.Out.WriteLine($"with: {string.Join(", ", wanted)}; {jobs[0].With.Workers} workers, {jobs[0].With.Servers} servers, {Machine.This}");
            if (parsed.GetValue(json) is { } file) new BenchReport<CompareFigures>("compare", Machine.This, times, figures).Write(file);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Print(TerminalOutput terminal, IReadOnlyList<CompareFigures> figures) => BenchTable.Write(
        terminal, ["model", "without ms", "with ms", "cost %", "p10", "p90"],
        figures.Select(row => (string[])[
            row.Model, BenchTable.Ms(row.Without.Median), BenchTable.Ms(row.With.Median), Percent(row.Ratio.Median), Percent(row.Ratio.P10), Percent(row.Ratio.P90)]));

    private static string Percent(double ratio) => (100 * (ratio - 1)).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);
}
