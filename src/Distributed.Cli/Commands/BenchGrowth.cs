using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Benchmarks.Growth;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench growth</c>: whether steps leave anything behind in memory.</summary>
internal static class BenchGrowth
{
    /// <summary>More than any run makes in the time: it is the time that ends it.</summary>
    private const int EnoughSteps = 60_000_000;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("growth", "Whether memory, threads or open files become more with steps, and what garbage collection takes. Fails where they do.");
        var model = BenchModels.One("mlp, whose steps are the shortest");
        var minutes = Parsing.WholeNumber("--minutes", "N", 1, 100_000, "how long (default: 30); the first fifth is for warming up");
        var workers = Parsing.WholeNumber("--workers", "N", 1, 64, "worker processes (default: 2)");
        var servers = BenchModels.Servers();
        var sets = Parsing.Several("--set", "path=value", "sets one value of the benchmark's job, such as transport.same-host=tcp", Parsing.CheckAssignment);
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var config = Parsing.ClusterFile();
        command.Add(model);
        foreach (var option in (Option[])[minutes, workers, servers, sets, json, config]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            var name = parsed.GetValue(model) ?? "mlp";
            var job = BenchModels.Load(name, parsed.GetValue(workers) ?? 2, parsed.GetValue(servers) ?? 1, EnoughSteps, parsed.GetValue(sets) ?? []);
            session.Interruption.Listen();
            var benchmark = new GrowthBenchmark(
                OwnProgram.Find(typeof(BenchGrowth).Assembly), TimeSpan.FromMinutes(parsed.GetValue(minutes) ?? 30), session.Terminal.Out.WriteLine);
            var figures = await benchmark.RunAsync(job, parsed.GetValue(config), session.Interruption.AtOnce, session.Interruption.Token);
            Print(session.Terminal, name, figures);
            if (parsed.GetValue(json) is { } file) new BenchReport<GrowthFigures>("growth", Machine.This, 1, figures).Write(file);
            return figures.Any(row => row.Faults.Count > 0) ? ExitCodes.Failed : ExitCodes.Done;
        });
        return command;
    }

    private static void Print(TerminalOutput terminal, string model, IReadOnlyList<GrowthFigures> figures)
    {
        BenchTable.Write(
            terminal, ["process", "own memory", "growth", "shared", "growth", "managed", "growth", "threads", "growth", "files", "growth", "collecting"],
            figures.Select(row => (string[])[
                row.Node, .. Bytes(row.Anonymous), .. Bytes(row.Shared), .. Bytes(row.Managed), .. Count(row.Threads), .. Count(row.Descriptors),
                row.PausedShare.ToString("0.000 %", CultureInfo.InvariantCulture)]));
        var first = figures[0];
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{model}: {Figures.Count(first.Steps)} steps in {first.Minutes:F1} minutes after warming up; growth: the trend over that time; {Machine.This}"));
        foreach (var row in figures.Where(row => row.Faults.Count > 0)) terminal.Out.WriteLine($"{row.Node}: {string.Join(", ", row.Faults)}");
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(figures.All(row => row.Faults.Count == 0) ? "passed" : "failed")}: no trend above {GrowthFigures.ShareOfLevel:P0} or {GrowthFigures.Noise / 1e6:F1} MB, collecting below {GrowthFigures.MostPaused:P1}"));
    }

    private static string[] Bytes(Trend trend) => [Figures.Bytes((long)trend.Level), $"{(trend.Growth < 0 ? "-" : "+")}{Figures.Bytes((long)Math.Abs(trend.Growth))}"];

    private static string[] Count(Trend trend) =>
        [trend.Level.ToString("0", CultureInfo.InvariantCulture), trend.Growth.ToString("+0.0;-0.0;0", CultureInfo.InvariantCulture)];
}
