using System.CommandLine;
using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Commands;

/// <summary>The part of the command line that says what to train; the same wherever a job is started.</summary>
internal sealed class JobOptions
{
    private const string DefaultJob = "digits";

    private readonly Argument<string> job = new("JOB")
    {
        Description = $"a HOCON file, or the name of a job that ships with the program ({string.Join(", ", Job.Shipped())})",
    };

    private readonly Option<int?> workers = Parsing.WholeNumber("--workers", "N", 1, 1024, "worker processes, instead of the job's number");
    private readonly Option<int?> servers = Parsing.WholeNumber("--servers", "M", 1, 256, "parameter servers, instead of the job's number");

    private readonly Option<string[]> sets = Parsing.Several(
        "--set", "path=value", "sets one value of the job; may be given several times", Parsing.CheckAssignment);

    private readonly Option<bool> plain = new("--plain") { Description = "plain lines instead of the live display, as where output is no terminal" };

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command that takes a job.</param>
    /// <param name="jobByDefault">Whether a command line without a job means the default one.</param>
    /// <param name="startsProcesses">Whether the command trains with workers and servers.</param>
    public JobOptions(Command command, bool jobByDefault, bool startsProcesses = true)
    {
        if (jobByDefault) job.DefaultValueFactory = _ => DefaultJob;
        job.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => UsageText.LooksLikeOption(token.Value))) result.AddError("unknown option");
        });
        command.Add(job);
        command.Add(sets);
        if (!startsProcesses) return;
        command.Add(workers);
        command.Add(servers);
        command.Add(plain);
    }

    /// <summary>Reads and checks the job that the command line names.</summary>
    /// <exception cref="Learning.BadInputException">There is no such job, or it can't be run as it is.</exception>
    public Job Load(ParseResult parsed) => Job.Load(
        parsed.GetValue(job)!,
        new JobOverrides(parsed.GetValue(workers), parsed.GetValue(servers), parsed.GetValue(sets)));

    /// <summary>Whether the live display is not wanted.</summary>
    public bool Plain(ParseResult parsed) => parsed.GetValue(plain);
}
