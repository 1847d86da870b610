using System.CommandLine;
using System.CommandLine.Help;
using Distributed.Cli.Commands;

namespace Distributed.Cli;

/// <summary>The program's commands, and how a command line becomes an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Parses, runs, and turns whatever goes wrong into one line and a code.</summary>
    public static async Task<int> RunAsync(string[] arguments, Session session)
    {
        var terminal = session.Terminal;
        var (parsed, verbose) = Parse(arguments, session);
        if (parsed.Action is not HelpAction && parsed.Errors.Count > 0)
        {
            terminal.Error.WriteLine(UsageText.Error(parsed));
            return ExitCodes.BadInput;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                // Signals are ours: the first one asks, the second insists.
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception exception)
        {
            return ExitCodes.Report(exception, session.Interruption.Requested, parsed.GetValue(verbose) || VerboseByEnvironment(), terminal.Error);
        }
    }

    /// <summary>Parses a command line, and says which option asks for more words about failures.</summary>
    internal static (ParseResult Parsed, Option<bool> Verbose) Parse(string[] arguments, Session session)
    {
        var verbose = new Option<bool>("--verbose") { Description = "says where a failure happened, too", Recursive = true };
        // Files named with @ are no feature of ours, and a value may begin with it.
        return (Create(session, verbose).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null }), verbose);
    }

    private static RootCommand Create(Session session, Option<bool> verbose)
    {
        var root = new RootCommand("Trains neural networks on several processes and machines, with parameter servers.")
        {
            verbose,
            LocalCommand.Create(session),
            NodeCommand.Create(session),
            SubmitCommand.Create(session),
            PlanCommand.Create(session),
            JobsCommand.Create(session),
            JobsCommand.CreateCancel(session),
            LogsCommand.Create(session),
            StatusCommand.Create(session),
            StatusCommand.CreateWatch(session),
            StopCommand.Create(session),
            ResumeCommand.Create(session),
            CertsCommand.Create(session),
            AuditCommand.Create(session),
            BenchCommand.Create(session),
            DataCommand.Create(session),
            EvaluateCommand.Create(session),
            PredictCommand.Create(session),
            GenerateCommand.Create(session),
            AttackCommand.Create(session),
            ExplainCommand.Create(session),
            DescribeCommand.Create(session),
            FindRateCommand.Create(session),
        };
        foreach (var option in root.Options.OfType<HelpOption>()) option.Action = new HelpWithExamples((HelpAction)option.Action!);
        return root;
    }

    private static bool VerboseByEnvironment() =>
        Environment.GetEnvironmentVariable(ExitCodes.VerboseVariable) is { Length: > 0 } value && value != "0";
}
