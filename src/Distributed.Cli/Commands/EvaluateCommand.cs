using System.CommandLine;
using Distributed.Cli.Pictures;
using Distributed.Cli.Terminal;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer evaluate</c>: how good the model of a run is, class by class.</summary>
internal static class EvaluateCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer evaluate runs/digits-20300101-120000         figures, a table of classes, the confusion matrix, pictures",
        "trainer evaluate runs/mnist --data ~/data --json     the same as JSON",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("evaluate", "Evaluates the model of a run on its test set, in this process.");
        var options = new RunOptions(command);
        var json = new Option<bool>("--json") { Description = "prints JSON, as summary.json has it" };
        var outFolder = Parsing.Text("--out", "DIR", "where evaluation.json and the pictures go (default: the run's folder)");
        command.Add(json);
        command.Add(outFolder);
        command.SetAction(parsed =>
        {
            using var run = options.Open(parsed);
            var evaluation = run.Evaluate();
            var folder = RunFolder.Prepare(parsed.GetValue(outFolder) ?? run.Folder, run.Job.Name, DateTime.Now);
            var pictures = EvaluationPictures.Write(folder, run, evaluation);
            File.WriteAllText(Path.Combine(folder, "evaluation.json"), JsonText.Of(evaluation) + "\n");
            var output = session.Terminal.Out;
            if (parsed.GetValue(json)) output.WriteLine(JsonText.Of(evaluation));
            else
            {
                foreach (var line in EvaluationTable.Lines(evaluation, run.Test.Notes.ClassNames)) output.WriteLine(line);
                output.WriteLine($"files          {string.Join(", ", [Path.Combine(folder, "evaluation.json"), .. pictures])}");
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
