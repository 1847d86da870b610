using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench scaling</c>: whole steps with one, two and four workers.</summary>
internal static class BenchScaling
{
    private const int MostWorkers = 64;

    private static readonly IReadOnlyList<int> DefaultWorkers = [1, 2, 4];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("scaling", "Whole steps with several numbers of workers, each against plain loops in turn.");
        var models = BenchModels.Argument();
        var workers = Parsing.Text("--workers", "LIST", $"numbers of workers, each with the samples that the model's job gives one (default: {string.Join(',', DefaultWorkers)})");
        workers.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: > 0 } list && WorkersOf(list) is null)
                result.AddError($"--workers: expected numbers from 1 to {MostWorkers} such as 1,2,4, got '{list}'");
        });
        var servers = BenchModels.Servers();
        var rounds = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often everything is measured in turn (default: 3)");
        var steps = Parsing.WholeNumber("--steps", "N", 20, 100_000, "steps of one measurement (default: 128)");
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var chart = Parsing.Text("--chart", "FILE", "also draws the figures, as SVG");
        var config = Parsing.ClusterFile();
        command.Add(models);
        foreach (var option in (Option[])[workers, servers, rounds, steps, json, chart, config]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            var (times, perRound) = (parsed.GetValue(rounds) ?? 3, parsed.GetValue(steps) ?? 128);
            var names = BenchModels.Chosen(parsed, models);
            var counts = parsed.GetValue(workers) is { } list ? WorkersOf(list)! : DefaultWorkers;
            var jobs = names.SelectMany(name => counts.Select(count => (
                Name: name, Job: BenchModels.Load(name, count, parsed.GetValue(servers) ?? 1, perRound, [])))).ToArray();
            session.Interruption.Listen();
            var program = OwnProgram.Find(typeof(BenchScaling).Assembly);
            var benchmark = new StepBenchmark(program, times, perRound, StepBenchmark.UsualWarmUp, null, session.Terminal.Out.WriteLine);
            var figures = new List<StepFigures>();
            foreach (var (name, job) in jobs)
                figures.Add(await benchmark.RunAsync(name, job, parsed.GetValue(config), session.Interruption.AtOnce, session.Interruption.Token));
            Print(session.Terminal, figures);
            if (parsed.GetValue(json) is { } file) new BenchReport<StepFigures>("scaling", Machine.This, times, figures).Write(file);
            if (parsed.GetValue(chart) is { } picture) BenchFile.Write("--chart", picture, Draw(figures));
            return ExitCodes.Done;
        });
        return command;
    }

    private static IReadOnlyList<int>? WorkersOf(string list) =>
        Parsing.WholeNumbers(list) is { } numbers && numbers.All(number => number is >= 1 and <= MostWorkers) ? numbers : null;

    /// <summary>How many plain loops' work the cluster does in the time of one: the cluster's workers, less what they lose.</summary>
    private static double Speedup(StepFigures row) => row.Workers / row.RatioToPlain;

    private static void Print(TerminalOutput terminal, IReadOnlyList<StepFigures> figures)
    {
        BenchTable.Write(
            terminal, ["model", "workers", "plain ms", "at once ms", "cluster ms", "p10", "p90", "samples/s", "speed-up", "to at once"],
            figures.Select(row => (string[])[
                row.Model, Figures.Count(row.Workers), BenchTable.Ms(row.Plain.Median), BenchTable.Ms(row.Together.Median),
                BenchTable.Ms(row.Cluster.Median), BenchTable.Ms(row.Cluster.P10), BenchTable.Ms(row.Cluster.P90),
                Figures.Count(row.Samples / row.Cluster.Median * 1000), BenchTable.Ratio(Speedup(row)), BenchTable.Ratio(row.RatioToTogether)]));
        terminal.Out.WriteLine("speed-up: samples a second over those of one plain loop; at once: as many plain loops as workers, without any exchange");
        if (figures.Max(row => row.Workers) > Machine.This.Cores)
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"more workers than this machine's {Machine.This.Cores} cores share them: they show what the exchange costs, not a speed-up"));
    }

    private static string Draw(IReadOnlyList<StepFigures> figures) => LogChart.Draw(
        "Samples a second", "workers", "samples/s",
        [.. figures.GroupBy(row => row.Model).Select(model => new ChartLine(
            model.Key, [.. model.Select(row => ((double)row.Workers, row.Samples / row.Cluster.Median * 1000))]))]);
}
