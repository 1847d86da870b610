using System.CommandLine;
using Distributed.Cli.Terminal;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer evaluate</c>: how good the model of a run is, class by class.</summary>
internal static class EvaluateCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer evaluate runs/digits-20300101-120000         figures, a table of classes, the confusion matrix",
        "trainer evaluate runs/mnist --data ~/data --json     the same as JSON",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("evaluate", "Evaluates the model of a run on its test set, in this process.");
        var options = new RunOptions(command);
        var json = new Option<bool>("--json") { Description = "prints JSON, as summary.json has it" };
        command.Add(json);
        command.SetAction(parsed =>
        {
            using var run = options.Open(parsed);
            var evaluation = run.Evaluate();
            var output = session.Terminal.Out;
            if (parsed.GetValue(json)) output.WriteLine(JsonText.Of(evaluation));
            else foreach (var line in EvaluationTable.Lines(evaluation)) output.WriteLine(line);
            return ExitCodes.Done;
        });
        return command;
    }
}
