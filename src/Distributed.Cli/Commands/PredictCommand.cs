using System.CommandLine;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer predict</c>: what the model of a run says about samples of its test set.</summary>
internal static class PredictCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer predict runs/digits-20300101-120000                  the first 20 test samples, a line each",
        "trainer predict runs/mnist --data ~/data --count 10000 --format csv > predictions.csv",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        const int fallback = 20;
        var command = new Command("predict", "Predicts samples of a run's test set, in this process.");
        var options = new RunOptions(command);
        var first = Parsing.WholeNumber("--first", "N", 0, int.MaxValue, "the first sample's number (default: 0)");
        var count = Parsing.WholeNumber("--count", "N", 1, int.MaxValue, $"how many samples (default: {fallback})");
        var format = new Option<string>("--format") { HelpName = "text|csv|json", Description = "how they are written (default: text)" };
        format.AcceptOnlyFromAmong("text", "csv", "json");
        command.Add(first);
        command.Add(count);
        command.Add(format);
        command.SetAction(parsed =>
        {
            using var run = options.Open(parsed);
            var predictions = Predictor.Predict(
                run.Model.Forward, run.Test, run.Meaning, parsed.GetValue(first) ?? 0, parsed.GetValue(count) ?? fallback);
            foreach (var line in PredictionText.Lines(predictions, parsed.GetValue(format) ?? "text", run.Meaning)) session.Terminal.Out.WriteLine(line);
            return ExitCodes.Done;
        });
        return command;
    }
}
