using System.CommandLine;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer generate</c>: text that the model of a run makes up.</summary>
internal static class GenerateCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer generate runs/char-lstm-20300101-120000 --data ~/data --prompt 'ROMEO:'",
        "trainer generate runs/char-lstm-20300101-120000 --data ~/data --prompt 'To be' --temperature 0.7 --top-k 10 --length 200",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        const int fallback = 500;
        var usual = new Sampling();
        var command = new Command("generate", "Continues a text with the model of a run that was trained on one, in this process.");
        var options = new RunOptions(command);
        var prompt = Parsing.Text("--prompt", "TEXT", "the text to continue, of characters of the training text");
        prompt.Required = true;
        var length = Parsing.WholeNumber("--length", "N", 1, int.MaxValue, $"how many characters, or bytes, to add (default: {fallback})");
        var temperature = Parsing.Number(
            "--temperature", "T", 0, 100, "below 1 likelier characters come more often, 0 takes the likeliest always (default: 1)");
        var topK = Parsing.WholeNumber("--top-k", "K", 1, int.MaxValue, "draws among the K likeliest only (default: all)");
        var seed = Parsing.WholeNumber("--seed", "S", 0, int.MaxValue, $"another one gives another text (default: {usual.Seed})");
        command.Add(prompt);
        command.Add(length);
        command.Add(temperature);
        command.Add(topK);
        command.Add(seed);
        command.SetAction(parsed =>
        {
            using var run = options.Open(parsed);
            var text = run.Job.Data.TextOf(run.Test)
                ?? throw new BadInputException($"{run.Folder}: expected the run of a job with data.format = text, got {run.Job.Data.Format}");
            var start = parsed.GetValue(prompt)!;
            var sampling = new Sampling(
                parsed.GetValue(temperature) ?? usual.Temperature, parsed.GetValue(topK) ?? usual.TopK, parsed.GetValue(seed) ?? usual.Seed);
            var drawn = TextGenerator.Continue(
                run.Model.Forward, Encode(text, start), (int)run.Test.InputShape[0], text.Count, parsed.GetValue(length) ?? fallback, sampling);
            session.Interruption.Listen();
            var output = session.Terminal.Out;
            output.Write(start);
            foreach (var piece in text.Decode(drawn).TakeWhile(_ => !session.Interruption.Requested)) output.Write(piece);
            output.WriteLine();
            return session.Interruption.Requested ? ExitCodes.Interrupted : ExitCodes.Done;
        });
        return command;
    }

    private static long[] Encode(TextCodec text, string prompt)
    {
        try
        {
            return text.Encode(prompt);
        }
        catch (BadInputException exception)
        {
            throw new BadInputException($"--prompt: {exception.Message}", exception);
        }
    }
}
