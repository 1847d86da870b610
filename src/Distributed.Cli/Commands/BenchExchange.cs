using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Benchmarks.Exchange;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Launching;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench exchange</c>, and the processes that it starts.</summary>
internal static class BenchExchange
{
    private const string DefaultSizes = "4KB,64KB,1MB,535818,10020874,100MB,400MB";

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("exchange", "The exchange alone: gradients pushed, summed, the update, weights back; no model is computed.");
        var sizes = Sizes("--sizes", "sizes of the gradient: bytes, or parameters without a unit", DefaultSizes);
        var workers = Parsing.WholeNumber("--workers", "N", 1, 64, "worker processes (default: 2)");
        var servers = BenchModels.Servers();
        var transport = Parsing.OneOf("--transport", "how tensors travel", "auto", "tcp");
        var optimizer = Parsing.OneOf("--optimizer", "the update; sgd has momentum", "sgd", "adam");
        var rounds = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often all sizes are measured in turn (default: 7)");
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var chart = Parsing.Text("--chart", "FILE", "also draws the figures, as SVG");
        foreach (var option in (Option[])[sizes, workers, servers, transport, optimizer, rounds, json, chart]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            var shape = new ExchangeShape(
                parsed.GetValue(workers) ?? 2, parsed.GetValue(servers) ?? 1, parsed.GetValue(transport) ?? "auto", parsed.GetValue(optimizer) ?? "sgd");
            var measured = SizesOf(parsed.GetValue(sizes) ?? DefaultSizes);
            var times = parsed.GetValue(rounds) ?? 7;
            session.Interruption.Listen();
            using var benchmark = new ExchangeBenchmark(OwnProgram.Find(typeof(BenchExchange).Assembly), shape);
            session.Interruption.AtOnce(benchmark.KillAll);
            var figures = await benchmark.RunAsync(measured, times, session.Terminal.Out.WriteLine, session.Interruption.Token);
            Print(session.Terminal, figures);
            if (parsed.GetValue(json) is { } file) new BenchReport<ExchangeFigures>("exchange", Machine.This, times, figures).Write(file);
            if (parsed.GetValue(chart) is { } picture) BenchFile.Write("--chart", picture, Draw(shape, figures));
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>What the servers of the benchmark run.</summary>
    public static Command Server(Session session)
    {
        var command = new Command("exchange-server", "A parameter server of the benchmark that started it.") { Hidden = true };
        var node = new Argument<string>("NODE");
        command.Add(node);
        command.SetAction((parsed, _) =>
        {
            ExchangeServer.Serve(parsed.GetValue(node)!, Console.In, session.Terminal.Out, session.Terminal.Error);
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    /// <summary>What the workers of the benchmark run.</summary>
    public static Command Worker(Session session)
    {
        var command = new Command("exchange-worker", "A worker of the benchmark that started it.") { Hidden = true };
        var (node, cores) = (new Argument<string>("NODE"), new Argument<string>("CORES"));
        command.Add(node);
        command.Add(cores);
        command.SetAction((parsed, _) =>
        {
            ExchangeWorker.Serve(
                parsed.GetValue(node)!, parsed.GetValue(cores) is { Length: > 0 } list ? Parsing.WholeNumbers(list)! : [], Console.In, session.Terminal.Out);
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    /// <summary>An option for a list of sizes.</summary>
    public static Option<string?> Sizes(string name, string description, string defaults)
    {
        var option = Parsing.Text(name, "LIST", $"{description} (default: {defaults})");
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: > 0 } list && BenchSize.ParseList(list) is null)
                result.AddError($"{name}: expected {BenchSize.Expected}, got '{list}'");
        });
        return option;
    }

    /// <summary>The sizes of a list that was checked.</summary>
    public static IReadOnlyList<BenchSize> SizesOf(string list) =>
        BenchSize.ParseList(list) ?? throw new BadInputException($"expected {BenchSize.Expected}, got '{list}'");

    private static void Print(TerminalOutput terminal, IReadOnlyList<ExchangeFigures> figures)
    {
        var limits = figures[0].Limits.Select(limit => limit.Name).ToArray();
        BenchTable.Write(
            terminal, ["parameters", "gradient", "exchange ms", "p10", "p90", .. limits.SelectMany(limit => new[] { $"{limit} ms", "ratio" })],
            figures.Select(row => (string[])[
                Figures.Count(row.Parameters), Figures.Bytes(row.Bytes), BenchTable.Ms(row.Exchange.Median), BenchTable.Ms(row.Exchange.P10),
                BenchTable.Ms(row.Exchange.P90),
                .. row.Limits.SelectMany(limit => new[] { BenchTable.Ms(limit.Milliseconds), BenchTable.Ratio(limit.Ratio) })]));
        var first = figures[0];
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{first.Workers} workers, {first.Servers} servers ({string.Join(", ", first.Links)}), {first.Optimizer}, {Machine.This}"));
        terminal.Out.WriteLine("exchange: from the last gradient in place to the last worker's new weights, every one right to the bit; memory: one pass over the "
            + "gradients, momentum and weights of SGD on 1 and 2 threads" + (limits.Length > 2 ? "; sockets: the same bytes there and back on plain TCP" : ""));
    }

    private static string Draw(ExchangeShape shape, IReadOnlyList<ExchangeFigures> figures) => LogChart.Draw(
        $"Exchange of {shape.Workers} workers, {shape.Servers} servers, {shape.Transport}, {shape.Optimizer}", "bytes of the gradient", "ms",
        [
            new("exchange", [.. figures.Select(row => ((double)row.Bytes, row.Exchange.Median))]),
            .. figures[0].Limits.Select((limit, i) => new ChartLine(limit.Name, [.. figures.Select(row => ((double)row.Bytes, row.Limits[i].Milliseconds))])),
        ]);
}
