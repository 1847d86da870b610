using System.Globalization;
using Akka.Actor;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>What a job's coordinator does with an evaluation: write it down, warn, decide whether the job goes on.</summary>
internal sealed partial class JobActor
{
    private readonly Queue<Evaluation> evaluated = new();
    private RunHistory history;
    private ConvergenceWatch watch = new();
    private EarlyStopping? earlyStopping;
    private long? stoppedAt;
    private string? bestSha256;
    private bool savesBest;

    private sealed record BestSaved(Evaluation Evaluation, string WeightsSha256);

    /// <summary>The version that training ends with.</summary>
    private long LastVersion => stoppedAt ?? Steps;

    private string BestFile => Path.Combine(files.Folder, "best.safetensors");

    /// <summary>Evaluations may be told of before the last steps that led to them; they wait for these.</summary>
    private void CompleteEvaluations()
    {
        while (evaluated.TryPeek(out var next) && next.Version <= board!.Next)
            Complete(evaluated.Dequeue());
    }

    private void Complete(Evaluation figures)
    {
        var trainingLoss = history.Add(figures);
        evaluation = figures;
        lastProgressAt = Environment.TickCount64;
        var epoch = (int)((figures.Version - 1) / sampler!.StepsPerEpoch) + 1;
        files.Write(figures, epoch);
        files.Flush();
        node.Log.Evaluated(figures.Version, figures.Loss, figures.Accuracy ?? double.NaN, figures.Samples);
        var step = figures.Version % sampler.StepsPerEpoch == 0 ? "" : $"  step {figures.Version}/{Steps}";
        Notice(string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {epoch}/{Epochs}{step}  loss {trainingLoss:F4}  test loss {figures.Loss:F4}{EvaluationText.Line(figures)}  {statistics.SamplesPerSecond:N0} samples/s"));
        foreach (var trouble in watch.Observe(trainingLoss, figures.Loss))
            Warn(trouble, figures, trainingLoss);
        if (earlyStopping is not null)
            Decide(earlyStopping, figures);
        else if (figures.Version < Steps)
            Tell(figures.Version, stop: false);
    }

    private void Warn(ConvergenceTrouble trouble, Evaluation figures, double trainingLoss)
    {
        if (trouble == ConvergenceTrouble.Overfitting)
        {
            node.Log.Overfitting(figures.Version, ConvergenceWatch.Rises, figures.Loss, trainingLoss);
            Notice("warning: overfitting: the test loss rises while the training loss falls (early stopping, weight decay, dropout or more data help)");
        }
        else
        {
            node.Log.LossStalled(figures.Version, trainingLoss, ConvergenceWatch.StallWindow);
            Notice($"warning: the training loss has stayed at {trainingLoss.ToString("G4", CultureInfo.InvariantCulture)} for {ConvergenceWatch.StallWindow} evaluations (is the learning rate right?)");
        }
    }

    /// <summary>Every worker holds at this version until it is told: the weights can be read, and nobody runs ahead of the decision.</summary>
    private void Decide(EarlyStopping rule, Evaluation figures)
    {
        bool improved, stop;
        try
        {
            (improved, stop) = rule.Observe(figures);
        }
        catch (BadInputException exception)
        {
            Fail(MemberFailure.Describe(id, node.Name, exception));
            return;
        }

        if (figures.Version == Steps)
            return;
        if (improved && rule.RestoresBest)
        {
            savesBest = true;
            var store = Store();
            var file = BestFile;
            Work(BestWork, () => new BestSaved(figures, WriteModel(store, figures.Version, file)));
            return;
        }

        if (stop)
        {
            stoppedAt = figures.Version;
            var spec = job.EarlyStopping!;
            var best = rule.Best?.Version ?? figures.Version;
            node.Log.StoppedEarly(figures.Version, spec.Metric, spec.Patience, best);
            Notice($"stopping early at step {figures.Version}: no better {spec.Metric} for {spec.Patience} evaluations; the best is that of step {best}");
        }

        Tell(figures.Version, stop);
    }

    private void Tell(long version, bool stop)
    {
        lastProgressAt = Environment.TickCount64;
        foreach (var worker in Leased)
            worker.Node.Actor.Tell(new TrainingMessages.Decided(id, version, stop));
    }

    private void Take(BestSaved saved)
    {
        if (failing || rebuild)
            return;
        savesBest = false;
        bestSha256 = saved.WeightsSha256;
        node.Log.ModelWritten(saved.Evaluation.Version, BestFile, saved.WeightsSha256);
        Tell(saved.Evaluation.Version, stop: false);
    }

    /// <summary>Makes the model file: of the last version, or of the best one where that is wanted and another.</summary>
    private void SaveModel()
    {
        Enter("saving");
        var file = files.ModelFile;
        var bestFile = BestFile;
        if (earlyStopping is { RestoresBest: true, Best: { } best } && best.Version != LastVersion)
        {
            evaluation = best;
            var sha = bestSha256!;
            Work(SaveWork, () =>
            {
                File.Move(bestFile, file, overwrite: true);
                return new Saved(best.Version, sha);
            });
        }
        else
        {
            var store = Store();
            var version = LastVersion;
            Work(SaveWork, () =>
            {
                var sha = WriteModel(store, version, file);
                File.Delete(bestFile);
                return new Saved(version, sha);
            });
        }

        Become(Saving);
    }

    private string WriteModel(RunStore store, long version, string file) =>
        store.WriteModel(version, file, new Dictionary<string, string> { ["job"] = job.Name, ["version"] = $"{version}" });
}
