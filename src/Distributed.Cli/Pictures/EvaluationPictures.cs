using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.Cli.Pictures;

/// <summary>The pictures that belong to an evaluation of classes.</summary>
internal static class EvaluationPictures
{
    /// <summary>Writes confusion.png, and ranks.png with ROC and precision-recall curves; what does not fit the task is left out.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="run">The run.</param>
    /// <param name="evaluation">Its evaluation.</param>
    /// <returns>The files written.</returns>
    public static IReadOnlyList<string> Write(string folder, TrainedRun run, Evaluation evaluation)
    {
        var files = new List<string>();
        var names = run.Test.Notes.ClassNames;
        if (evaluation.Classification is { Confusion: { Length: > 0 and <= Plots.MostClasses } confusion })
            Save("confusion.png", Plots.Confusion(confusion, names));
        // Scores without probabilities have no rank to go by, and a sequence has more predictions than are kept here.
        if (evaluation.Classification is not null || (evaluation.Binary is not null && run.Job.Model.Output is [1]))
        {
            var predictions = Predictor.Predict(run.Model.Forward, run.Test, run.Meaning, 0, run.Test.Count).ToArray();
            if (run.Meaning != OutputMeaning.Values && RankCurves.OfClasses(predictions) is { Count: > 0 } curves)
                Save("ranks.png", Plots.Ranks(curves, names));
        }

        return files;

        void Save(string name, byte[] picture)
        {
            files.Add(Path.Combine(folder, name));
            File.WriteAllBytes(files[^1], picture);
        }
    }
}
