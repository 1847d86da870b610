using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Distributed.Cli.Commands;

namespace Distributed.Cli;

/// <summary>The library's help, followed by examples of the command.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in Examples(parseResult.CommandResult.Command)) output.WriteLine($"  {example}");
        output.WriteLine();
        return code;
    }

    private static string[] Examples(Command command) => command.Name switch
    {
        "local" => LocalCommand.Examples,
        "node" => NodeCommand.Examples,
        "submit" => SubmitCommand.Examples,
        "plan" => PlanCommand.Examples,
        "jobs" or "cancel" => JobsCommand.Examples,
        "status" or "watch" => StatusCommand.Examples,
        "logs" => LogsCommand.Examples,
        "certs" or "init" or "issue" => CertsCommand.Examples,
        "audit" => AuditCommand.Examples,
        "resume" => ResumeCommand.Examples,
        "describe" => DescribeCommand.Examples,
        "find-lr" => FindRateCommand.Examples,
        "bench" or "step" => BenchCommand.Examples,
        "data" => DataCommand.Examples,
        "show" => DataShow.Examples,
        "fetch" => DataFetch.Examples,
        "evaluate" => EvaluateCommand.Examples,
        "predict" => PredictCommand.Examples,
        "generate" => GenerateCommand.Examples,
        "attack" => AttackCommand.Examples,
        "explain" => ExplainCommand.Examples,
        _ => [LocalCommand.Examples[0], NodeCommand.Examples[0], SubmitCommand.Examples[0], EvaluateCommand.Examples[0]],
    };
}
