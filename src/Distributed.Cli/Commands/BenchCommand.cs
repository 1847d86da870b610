using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Spectre.Console;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench</c>: measures this machine, this program, and how far apart they are.</summary>
internal static class BenchCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer bench step                         whole steps of all models: plain loop against 2 workers and a server",
        "trainer bench step mlp --rounds 9 --json mlp.json",
        "trainer bench input --data ~/data          how long steps wait for their batches",
    ];

    /// <summary>How figures are written to a file.</summary>
    public static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "jobs", "bench");

    /// <summary>The command with its parts.</summary>
    public static Command Create(Session session) => new("bench", "Measures what a step costs with and without a cluster.")
    {
        Step(session),
        BenchInput.Create(session),
        Plain(session),
    };

    private static Command Step(Session session)
    {
        var known = Directory.Exists(Folder) ? Directory.GetFiles(Folder, "*.hocon").Select(Path.GetFileNameWithoutExtension).Order().ToArray() : [];
        var command = new Command("step", "Whole steps: the plain loop in one process, in one a worker at once, and the cluster, in turn.");
        var models = new Argument<string[]>("MODEL") { Arity = ArgumentArity.ZeroOrMore, Description = $"{string.Join(", ", known)} (default: all)" };
        models.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!known.Contains(token.Value)) result.AddError($"no model '{token.Value}' to measure: known are {string.Join(", ", known)}");
        });
        var workers = Parsing.WholeNumber("--workers", "N", 1, 64, "worker processes, each with the samples of a worker of the job (default: 2)");
        var servers = Parsing.WholeNumber("--servers", "M", 1, 64, "parameter servers (default: 1)");
        var rounds = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often everything is measured in turn (default: 5)");
        var steps = Parsing.WholeNumber("--steps", "N", 20, 100_000, "steps of one measurement (default: 192)");
        var sets = Parsing.Several("--set", "path=value", "sets one value of the benchmark's job, such as transport.same-host=tcp", Parsing.CheckAssignment);
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var config = Parsing.ClusterFile();
        command.Add(models);
        foreach (var option in (Option[])[workers, servers, rounds, steps, sets, json, config]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            var perRound = parsed.GetValue(steps) ?? 192;
            var names = parsed.GetValue(models) is { Length: > 0 } chosen ? chosen : known!;
            var jobs = names.Select(name => (Name: name!, Job: Load(
                name!, parsed.GetValue(workers) ?? 2, parsed.GetValue(servers) ?? 1, perRound, parsed.GetValue(sets) ?? []))).ToArray();
            session.Interruption.Listen();
            var benchmark = new StepBenchmark(OwnProgram.Find(typeof(BenchCommand).Assembly), parsed.GetValue(rounds) ?? 5, perRound, line => session.Terminal.Out.WriteLine(line));
            var figures = new List<StepFigures>();
            foreach (var (name, job) in jobs)
                figures.Add(await benchmark.RunAsync(name, job, parsed.GetValue(config), session.Interruption.AtOnce, session.Interruption.Token));
            Print(session.Terminal, figures);
            if (parsed.GetValue(json) is { } file) await File.WriteAllTextAsync(file, JsonSerializer.Serialize(figures, Json));
            return ExitCodes.Done;
        });
        return command;
    }

    // What the child processes of the benchmark run.
    private static Command Plain(Session session)
    {
        var command = new Command("plain", "Runs the plain loop for the benchmark that started it.") { Hidden = true };
        var job = new Argument<string>("JOB");
        command.Add(job);
        command.SetAction((parsed, _) =>
        {
            PlainLoop.Serve(Job.Load(parsed.GetValue(job)!, new JobOverrides()), Console.In, session.Terminal.Out);
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    private static Job Load(string name, int workers, int servers, int steps, IEnumerable<string> sets)
    {
        var file = Path.Combine(Folder, $"{name}.hocon");
        var asWritten = Job.Load(file, new JobOverrides());
        var batch = workers * (asWritten.Batch / asWritten.Workers);
        var perEpoch = Math.Min(steps, 64);
        string[] shape =
        [
            .. Whole("workers", workers), .. Whole("slots", workers), .. Whole("servers", servers), .. Whole("batch", batch),
            .. Whole("data.train", batch * perEpoch), .. Whole("epochs", steps / perEpoch),
        ];
        return Job.Load(file, new JobOverrides(Sets: [.. shape, .. sets]));

        static string[] Whole(string path, int value) => [string.Create(CultureInfo.InvariantCulture, $"{path}={value}")];
    }

    /// <summary>Prints a table wide enough for its columns, wherever it goes.</summary>
    public static void Print(TerminalOutput terminal, Table table)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Out), Ansi = AnsiSupport.Detect });
        console.Profile.Width = Math.Max(console.Profile.Width, 110);
        console.Write(table);
    }

    private static void Print(TerminalOutput terminal, IReadOnlyList<StepFigures> figures)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var title in (string[])["model", "parameters", "plain ms", "at once ms", "cluster ms", "extra ms", "to plain", "to at once"])
            table.AddColumn(new TableColumn(title) { NoWrap = true, Alignment = title == "model" ? Justify.Left : Justify.Right });
        foreach (var row in figures)
        {
            table.AddRow(
                row.Model, Figures.Count(row.Parameters), Ms(row.Plain), Ms(row.Together), Ms(row.Cluster), Ms(row.Extra), Ratio(row.RatioToPlain),
                Ratio(row.RatioToTogether));
        }

        Print(terminal, table);
        terminal.Out.WriteLine("plain: one process without a server; at once: as many of them as workers; cluster: workers and servers; extra: cluster - plain");

        static string Ms(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
        static string Ratio(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
    }
}
