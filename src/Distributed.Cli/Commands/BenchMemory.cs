using System.CommandLine;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Benchmarks.Memory;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench memory</c>: what workers and servers take a byte of the model.</summary>
internal static class BenchMemory
{
    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("memory", "What workers and servers take a byte of the model, beside what is promised: SGD with momentum, real processes.");
        var workers = Parsing.WholeNumber("--workers", "N", 1, 64, "worker processes (default: 2)");
        var small = Parsing.WholeNumber("--small", "LAYERS", 1, 1000, "layers of 4.2 MB of the smaller model (default: 8)");
        var large = Parsing.WholeNumber("--large", "LAYERS", 2, 1000, "layers of the larger model (default: 40)");
        var looks = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often each run is looked at, a second apart (default: 5)");
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var config = Parsing.ClusterFile();
        foreach (var option in (Option[])[workers, small, large, looks, json, config]) command.Add(option);
        command.Validators.Add(result =>
        {
            if ((result.GetValue(small) ?? 8) >= (result.GetValue(large) ?? 40)) result.AddError("--large: expected more layers than --small");
        });
        command.SetAction(async (parsed, _) =>
        {
            session.Interruption.Listen();
            var (count, times) = (parsed.GetValue(workers) ?? 2, parsed.GetValue(looks) ?? 5);
            var benchmark = new MemoryBenchmark(
                OwnProgram.Find(typeof(BenchMemory).Assembly), parsed.GetValue(small) ?? 8, parsed.GetValue(large) ?? 40, times, session.Terminal.Out.WriteLine);
            var figures = new List<MemoryFigures>();
            foreach (var setting in (MemorySetting[])[new(count, 1, "auto", 0), new(count, 2, "auto", 1), new(count, 1, "tcp", 0), new(count, 2, "tcp", 1)])
                figures.AddRange(await benchmark.RunAsync(setting, parsed.GetValue(config), session.Interruption.AtOnce, session.Interruption.Token));
            Print(session.Terminal, count, figures);
            if (parsed.GetValue(json) is { } file) new BenchReport<MemoryFigures>("memory", Machine.This, times, figures).Write(file);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Print(TerminalOutput terminal, int workers, IReadOnlyList<MemoryFigures> figures)
    {
        BenchTable.Write(
            terminal, ["setting", "of", "shared", "own", "of it managed", "together", "bound"],
            figures.Select(row => (string[])[
                row.Setting, row.Role, BenchTable.Ratio(row.Shared), BenchTable.Ratio(row.Own), BenchTable.Ratio(row.Managed), BenchTable.Ratio(row.Total),
                row.Bound is { } bound ? BenchTable.Ratio(bound) : ""]));
        terminal.Out.WriteLine(
            "times the model's size, from the difference of two sizes; shared: segments that the process itself made, which others map; "
            + "activations, data and the runtime do not grow with the model and are not in it; with backups every shard has two homes");
        terminal.Out.WriteLine($"{workers} workers of one slot each, {Machine.This}");
    }
}
