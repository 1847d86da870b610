using System.CommandLine;
using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer data show</c>: reads a job's data as training would and says what is in it.</summary>
internal static class DataShow
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer data show housing-mlp --data ~/data          shapes, columns, missing values, first rows",
        "trainer data show mnist-cnn --data ~/data --set data.augment.rotate=10 --sheet digits.png",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("show", "Reads a job's data as training does and shows what is in it.");
        var job = new Argument<string>("JOB")
        {
            Description = $"a HOCON file, or the name of a job that ships with the program ({string.Join(", ", Job.Shipped())})",
        };
        var data = Parsing.Text("--data", "DIR", "where the job's data files are (default: this folder)");
        var sheet = Parsing.Text("--sheet", "FILE.png", "draws the first images of training here, changed at random as training sees them");
        var sets = Parsing.Several("--set", "path=value", "sets one value of the job; may be given several times", Parsing.CheckAssignment);
        command.Add(job);
        command.Add(data);
        command.Add(sheet);
        command.Add(sets);
        command.SetAction(parsed => Run(
            session,
            Job.Load(parsed.GetValue(job)!, new JobOverrides(Sets: parsed.GetValue(sets))),
            parsed.GetValue(data) ?? ".",
            parsed.GetValue(sheet)));
        return command;
    }

    private static int Run(Session session, Job job, string dataFolder, string? sheet)
    {
        var (training, test) = job.Data.Open(dataFolder, job.Seed);
        using (training)
        using (test)
        {
            DataReport.Write(session.Terminal.Out, $"{job.Name} ({job.Data.Format})", training, test);
            if (sheet is null) return ExitCodes.Done;
            try
            {
                ContactSheet.Write(sheet, training, new SlotSampler(training.Count, job.Batch, job.Slots, job.Seed).SlotSeed(0, 0));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new BadInputException($"--sheet {sheet}: expected a file that can be written: {exception.Message}", exception);
            }
            session.Terminal.Out.WriteLine($"{sheet}: the first {Math.Min(training.Count, ContactSheet.MostImages)} training images");
        }
        return ExitCodes.Done;
    }
}
