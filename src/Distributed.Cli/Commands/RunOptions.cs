using System.CommandLine;
using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Commands;

/// <summary>The part of the command line that names a run which has ended; the same wherever its model is used.</summary>
internal sealed class RunOptions
{
    private readonly Argument<string> run = new("RUN") { Description = "the folder of a run, with its job.hocon and model.safetensors" };

    private readonly Option<string?> data = Parsing.Text("--data", "DIR", "where the job's data files are (default: this folder)");

    /// <summary>Adds them to a command.</summary>
    public RunOptions(Command command)
    {
        command.Add(run);
        command.Add(data);
    }

    /// <summary>Opens the run that the command line names.</summary>
    /// <exception cref="Learning.BadInputException">It is none, or something in it is damaged or missing.</exception>
    public TrainedRun Open(ParseResult parsed) => TrainedRun.Open(parsed.GetValue(run)!, parsed.GetValue(data) ?? ".");
}
