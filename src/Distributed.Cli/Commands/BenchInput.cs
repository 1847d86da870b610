using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench input</c>: how long steps wait for their batches.</summary>
internal static class BenchInput
{
    private static readonly string[] DefaultJobs = ["mnist-cnn", "char-lstm"];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("input", "How long steps wait for their batches to be gathered and augmented, with real worker processes.");
        var names = new Argument<string[]>("JOB")
        {
            Arity = ArgumentArity.ZeroOrMore,
            Description = $"a HOCON file, or the name of a job that ships with the program (default: {string.Join(", ", DefaultJobs)})",
        };
        var data = Parsing.Text("--data", "DIR", "where the jobs' data files are (default: this folder)");
        var workers = Parsing.WholeNumber("--workers", "N", 1, 64, "worker processes (default: the job's number)");
        var rounds = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often every job is trained in turn (default: 3)");
        var steps = Parsing.WholeNumber("--steps", "N", 20, 100_000, "steps of one measurement at least: whole epochs are trained (default: 100)");
        var sets = Parsing.Several("--set", "path=value", "sets one value of every job, such as data.augment.rotate=10", Parsing.CheckAssignment);
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var config = Parsing.ClusterFile();
        command.Add(names);
        foreach (var option in (Option[])[data, workers, rounds, steps, sets, json, config]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            var overrides = new JobOverrides(parsed.GetValue(workers), Sets: parsed.GetValue(sets) ?? []);
            var jobs = (parsed.GetValue(names) is { Length: > 0 } chosen ? chosen : DefaultJobs)
                .Select(name => WithSteps(name, overrides, parsed.GetValue(data) ?? ".", parsed.GetValue(steps) ?? 100)).ToArray();
            session.Interruption.Listen();
            var benchmark = new InputBenchmark(
                OwnProgram.Find(typeof(BenchInput).Assembly), parsed.GetValue(rounds) ?? 3, parsed.GetValue(data) ?? ".", session.Terminal.Out.WriteLine);
            var figures = new List<InputFigures>();
            foreach (var job in jobs)
                figures.Add(await benchmark.RunAsync(job, parsed.GetValue(config), session.Interruption.AtOnce, session.Interruption.Token));
            Print(session, figures);
            if (parsed.GetValue(json) is { } file) new BenchReport<InputFigures>("input", Machine.This, parsed.GetValue(rounds) ?? 3, figures).Write(file);
            return ExitCodes.Done;
        });
        return command;
    }

    // As many epochs as the steps take; the data is read here, too, so that what is wrong with it is known before a process starts.
    private static Job WithSteps(string name, JobOverrides overrides, string dataFolder, int steps)
    {
        var job = Job.Load(name, overrides);
        var (training, test) = job.Data.Open(dataFolder, job.Seed);
        using (training)
        using (test)
        {
            var perEpoch = (training.Count + job.Batch - 1) / job.Batch;
            string[] sets = [.. overrides.Sets ?? [], string.Create(CultureInfo.InvariantCulture, $"epochs={(steps + perEpoch - 1) / perEpoch}")];
            return Job.Load(name, overrides with { Sets = sets });
        }
    }

    private static void Print(Session session, IReadOnlyList<InputFigures> figures)
    {
        BenchTable.Write(
            session.Terminal,
            ["job", "workers", "step ms", "compute ms", "input ms", "waited ms", "waited"],
            figures.Select(row => (string[])[
                row.Job, $"{row.Workers}", BenchTable.Ms(row.Step), BenchTable.Ms(row.Compute), BenchTable.Ms(row.Input), BenchTable.Ms(row.Wait),
                row.WaitShare.ToString("0.0 %", CultureInfo.InvariantCulture)]));
        session.Terminal.Out.WriteLine("input: gathering and augmenting a worker's batch; waited: what of it the step waited for at most; medians of the slowest worker");
    }
}
