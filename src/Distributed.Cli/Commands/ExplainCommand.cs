using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Pictures;
using Distributed.Learning;
using static TorchSharp.torch;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer explain</c>: what the model of a run looks at.</summary>
internal static class ExplainCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer explain runs/digits-20300101-120000              a sheet of pictures, explain.svg in the run's folder",
        "trainer explain runs/mnist --data ~/data --wrong --count 12   only samples that the model gets wrong",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        const int fallback = 8;
        var command = new Command("explain", "Shows what a run's model looks at: slopes, integrated gradients, occlusion.");
        var options = new RunOptions(command);
        var count = Parsing.WholeNumber("--count", "N", 1, 100, $"how many test samples (default: {fallback})");
        var wrong = new Option<bool>("--wrong") { Description = "only samples that are predicted wrongly" };
        var outFile = Parsing.Text("--out", "FILE", "the picture (default: explain.svg in the run's folder)");
        command.Add(count);
        command.Add(wrong);
        command.Add(outFile);
        command.SetAction(parsed =>
        {
            using var run = options.Open(parsed);
            var chosen = Choose(run.Model, run.Test, run.Meaning, parsed.GetValue(count) ?? fallback, parsed.GetValue(wrong));
            using var scope = NewDisposeScope();
            using var batch = run.Test.Gather([.. chosen.Select(prediction => prediction.Sample)]);
            if (!is_floating_point(batch.Inputs))
                throw new BadInputException("explain: expected inputs that are numbers; those of this job are words or classes");
            var asked = tensor(chosen.Select(prediction => (long)(prediction.Class ?? 0)).ToArray());
            if (run.Test.InputShape is [1 or 3, _, _])
            {
                var file = parsed.GetValue(outFile) ?? Path.Combine(run.Folder, "explain.svg");
                File.WriteAllText(file, ExplanationSheet.Draw(run.Job.Name, run.Model.Differentiable, batch.Inputs, asked, chosen));
                session.Terminal.Out.WriteLine($"explanations   {file}");
            }
            else
            {
                foreach (var line in Features(run.Model.Differentiable, batch.Inputs, asked)) session.Terminal.Out.WriteLine(line);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Prediction[] Choose(ModelReplica model, IDataSet test, OutputMeaning meaning, int count, bool wrong)
    {
        var chosen = Predictor.Predict(model.Forward, test, meaning, 0, wrong ? test.Count : count)
            .Where(prediction => !wrong || prediction.IsRight == false).Take(count).ToArray();
        return chosen.Length > 0 ? chosen : throw new BadInputException("explain --wrong: the model predicts every test sample rightly");
    }

    /// <summary>For inputs that are no pictures: which of them move the output most, over all chosen samples.</summary>
    private static IEnumerable<string> Features(Func<Tensor, Tensor> model, Tensor inputs, Tensor classes)
    {
        const int shown = 20;
        using var scope = NewDisposeScope();
        var shares = Attribution.IntegratedGradients(model, inputs, classes, baseline: 0).reshape(inputs.shape[0], -1);
        var means = shares.mean([0L]).data<float>().ToArray();
        var sizes = shares.abs().mean([0L]).data<float>().ToArray();
        yield return $"integrated gradients over {inputs.shape[0]} samples, from inputs of 0";
        yield return $"{"input",-8}{"mean size",12}{"mean",12}";
        foreach (var (size, feature) in sizes.Select((size, feature) => (size, feature)).OrderByDescending(pair => pair.size).Take(shown))
            yield return string.Create(CultureInfo.InvariantCulture, $"{feature,-8}{size,12:G4}{means[feature],12:G4}");
    }
}
