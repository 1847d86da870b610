using System.CommandLine;
using System.Globalization;
using Distributed.Cluster.Jobs;
using Distributed.Learning;
using TorchSharp;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer find-lr</c>: the learning-rate range test of a job, in this process alone.</summary>
internal static class FindRateCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer find-lr digits",
        "trainer find-lr my.hocon --data ~/data --set optimizer.type=adam --steps 200",
    ];

    private const double From = 1e-6;
    private const double To = 10;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("find-lr", "Finds a learning rate for a job: trains for some steps while the rate grows.");
        var job = new JobOptions(command, jobByDefault: true, runs: false);
        var data = Parsing.Text("--data", "DIR", "where the job's data files are (default: this folder)");
        var outFolder = Parsing.Text("--out", "DIR", "where the figures go (default: runs/<job>-<time>)");
        var steps = Parsing.WholeNumber("--steps", "N", 10, 100_000, "steps from the least to the greatest rate (default: 100)");
        command.Add(data);
        command.Add(outFolder);
        command.Add(steps);
        command.SetAction(parsed => Run(
            session, job.Load(parsed), parsed.GetValue(data) ?? ".", parsed.GetValue(outFolder), parsed.GetValue(steps) ?? 100));
        return command;
    }

    private static int Run(Session session, Job job, string dataFolder, string? outFolder, int steps)
    {
        job.Data.CheckFiles(dataFolder);
        var folder = RunFolder.Prepare(outFolder, job.Name, DateTime.Now);
        session.Interruption.Listen();
        torch.set_num_threads(job.Threads);
        var (training, test) = job.Data.Open(dataFolder, job.Seed);
        using (training)
        using (test)
        {
            var result = LearningRateRangeTest.Run(
                job.Model, training, job.Loss.Create(training), job.Optimizer, job.Batch, job.Seed, From, To, steps, session.Interruption.Token);
            if (session.Interruption.Requested) return ExitCodes.Interrupted;
            if (result.Steps.Count < 2) throw new BadInputException($"{job.Name}: the loss is not finite at a learning rate of {From}: check data and loss");
            File.WriteAllText(Path.Combine(folder, "learning-rates.csv"), result.ToCsv());
            File.WriteAllText(Path.Combine(folder, "learning-rates.svg"), RangeTestPlot.Draw(result, $"{job.Name}: loss while the learning rate grows"));
            session.Terminal.Out.WriteLine(result.Suggestion is { } rate
                ? string.Create(CultureInfo.InvariantCulture, $"learning rate  {rate:G2}  (the loss fell fastest there; for a global batch of {job.Batch})")
                : "no rate made the loss fall: try more --steps");
            session.Terminal.Out.WriteLine($"figures        {Path.Combine(folder, "learning-rates.csv")}, {Path.Combine(folder, "learning-rates.svg")}");
        }

        return ExitCodes.Done;
    }
}
