using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Benchmarks.Simulation;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench simulate</c>: what steps take on clusters that are not there.</summary>
internal static class BenchSimulate
{
    private static readonly int[] DefaultWorkers = [2, 4, 8, 16, 32, 64, 128, 256];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("simulate", "What a step takes on up to 256 workers: an event-by-event simulation of the exchange beside the closed formula.");
        var parameters = Parsing.WholeNumber("--parameters", "N", 1024, 1_000_000_000, "of the model (default: 10020874)");
        var workers = Parsing.Text("--workers", "LIST", $"numbers of workers, separated by commas (default: {string.Join(',', DefaultWorkers)})");
        workers.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } list && Numbers(list) is null)
                result.AddError($"--workers: expected numbers from 1 to 1024, separated by commas, got '{list}'");
        });
        var perHost = Parsing.WholeNumber("--per-host", "N", 1, 64, "workers of a host (default: 2)");
        var megabits = Parsing.WholeNumber("--megabits", "N", 1, 1_000_000, "Mbit/s of a host's link in each direction (default: 1000)");
        var latency = Parsing.WholeNumber("--latency", "N", 0, 1_000_000, "microseconds from host to host (default: 100)");
        var forward = Parsing.WholeNumber("--forward", "N", 1, 100_000_000, "microseconds of a forward pass (default: 15000)");
        var backward = Parsing.WholeNumber("--backward", "N", 1, 100_000_000, "microseconds of a backward pass (default: 30000)");
        var memory = Parsing.WholeNumber("--memory", "N", 1, 100_000, "MB/ms that a server sums and updates (default: 10)");
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var chart = Parsing.Text("--chart", "FILE", "also draws the figures, as SVG");
        foreach (var option in (Option[])[parameters, workers, perHost, megabits, latency, forward, backward, memory, json, chart]) command.Add(option);
        command.SetAction((parsed, _) =>
        {
            var host = parsed.GetValue(perHost) ?? 2;
            var counts = parsed.GetValue(workers) is { } list ? Numbers(list)! : DefaultWorkers;
            if (Array.Find(counts, count => count % host != 0) is > 0 and var odd)
                throw new BadInputException($"--workers: expected multiples of the {host} workers of a host (--per-host), got {odd}");
            var figures = counts.SelectMany(count => Enum.GetValues<Placement>().Select(placement => SimulationFigures.Of(new ExchangeScenario(
                sizeof(float) * (double)(parsed.GetValue(parameters) ?? 10_020_874), count / host, host, placement, (parsed.GetValue(megabits) ?? 1000) * 1e6 / 8,
                (parsed.GetValue(latency) ?? 100) / 1e6, (parsed.GetValue(forward) ?? 15_000) / 1e6, (parsed.GetValue(backward) ?? 30_000) / 1e6,
                (parsed.GetValue(memory) ?? 10) * 1e9)))).ToArray();
            Print(session.Terminal, figures);
            if (parsed.GetValue(json) is { } file) new BenchReport<SimulationFigures>("simulate", Machine.This, 1, figures).Write(file);
            if (parsed.GetValue(chart) is { } picture) BenchFile.Write("--chart", picture, Draw(figures));
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    private static void Print(TerminalOutput terminal, IReadOnlyList<SimulationFigures> figures)
    {
        BenchTable.Write(
            terminal, ["workers", "hosts", "shards", "step ms", "formula ms", "off by", "bytes a link", "efficiency"],
            figures.Select(row => (string[])[
                Figures.Count(row.Workers), Figures.Count(row.Hosts), row.Placement, BenchTable.Ms(row.Step), BenchTable.Ms(row.Formula),
                ((row.Formula / row.Step) - 1).ToString("+0.0 %;-0.0 %;0 %", CultureInfo.InvariantCulture), Figures.Bytes(row.LinkBytes),
                Figures.Percent(row.Efficiency)]));
        terminal.Out.WriteLine("step: as the simulation plays it; bytes a link: of the busiest host, in each direction, gradients and weights; efficiency: compute to step");
    }

    private static string Draw(IReadOnlyList<SimulationFigures> figures) => LogChart.Draw(
        "Step time as simulated", "workers", "ms",
        [.. figures.GroupBy(row => row.Placement).Select(rows => new ChartLine(rows.Key, [.. rows.Select(row => ((double)row.Workers, row.Step))]))]);

    private static int[]? Numbers(string list)
    {
        var numbers = list.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
        return Array.TrueForAll(numbers, number => number is >= 1 and <= 1024) ? numbers : null;
    }
}
