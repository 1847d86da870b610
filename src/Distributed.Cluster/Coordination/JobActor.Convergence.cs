using System.Globalization;
using Akka.Actor;
using Distributed.Cluster.Chaos;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>What a job's coordinator does with an evaluation: write it down, warn, decide whether the job goes on.</summary>
internal sealed partial class JobActor
{
    private readonly Queue<Evaluation> evaluated = new();
    private RunFigures run;
    private ConvergenceWatch watch = new();
    private EarlyStopping? earlyStopping;
    private PlateauRate? plateau;
    private readonly HashSet<string> ratesAwaited = [];
    private TrainingMessages.Decided? decision;
    private long? stoppedAt;
    private string? bestSha256;
    private bool savesBest;
    private bool savesModelThen;

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
        var trainingLoss = run.Add(figures);
        evaluation = figures;
        lastProgressAt = Environment.TickCount64;
        var epoch = (int)((figures.Version - 1) / sampler!.StepsPerEpoch) + 1;
        files.Write(figures, epoch);
        RecordEvaluation();
        node.Chaos?.At(ChaosPhase.BeforeDeciding, figures.Version);
        node.Log.Evaluated(figures.Version, figures.Loss, figures.Accuracy ?? double.NaN, figures.Samples);
        var step = figures.Version % sampler.StepsPerEpoch == 0 ? "" : $"  step {figures.Version}/{Steps}";
        Notice(string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {epoch}/{Epochs}{step}  loss {trainingLoss:F4}  test loss {figures.Loss:F4}{EvaluationText.Line(figures)}  {run.Statistics.SamplesPerSecond:N0} samples/s"));
        foreach (var trouble in watch.Observe(trainingLoss, figures.Loss))
            Warn(trouble, figures, trainingLoss);
        Decide(figures);
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
    private void Decide(Evaluation figures)
    {
        var (improved, stop, slower) = (false, false, false);
        try
        {
            if (earlyStopping is not null)
                (improved, stop) = earlyStopping.Observe(figures);
            slower = plateau?.Observe(figures) == true;
        }
        catch (BadInputException exception)
        {
            Fail(MemberFailure.Describe(id, node.Name, exception));
            return;
        }

        if (figures.Version == Steps)
            return;
        decision = new TrainingMessages.Decided(id, figures.Version, stop);
        if (improved && earlyStopping!.RestoresBest)
        {
            savesBest = true;
            var store = Store();
            var file = BestFile;
            Work(BestWork, () => new BestSaved(figures, WriteModel(store, figures.Version, file)));
        }

        if (stop)
        {
            stoppedAt = figures.Version;
            var spec = job.EarlyStopping!;
            var best = earlyStopping!.Best?.Version ?? figures.Version;
            node.Log.StoppedEarly(figures.Version, spec.Metric.Name, spec.Patience, best);
            Notice($"stopping early at step {figures.Version}: no better {spec.Metric.Name} for {spec.Patience} evaluations; the best is that of step {best}");
        }
        else if (slower)
        {
            SetRate(figures.Version, plateau!.Rate);
        }

        TellDecision();
    }

    /// <summary>No update of <paramref name="version"/> can begin before the workers are told to go on, and that is once all servers have answered.</summary>
    private void SetRate(long version, double rate)
    {
        var spec = job.Optimizer.Schedule;
        node.Log.RateReduced(version, rate, spec.Metric.Name, spec.Patience);
        Notice(string.Create(
            CultureInfo.InvariantCulture, $"learning rate {rate:G4} from step {version} on: no better {spec.Metric.Name} for more than {spec.Patience} evaluations"));
        foreach (var server in servers)
        {
            ratesAwaited.Add(server.Node.Name);
            server.Node.Actor.Tell(new TrainingMessages.SetRate(id, version, rate));
        }
    }

    private void Take(TrainingMessages.RateSet set)
    {
        if (set.Version != decision?.Version || !ratesAwaited.Remove(set.Node))
            return;
        TellDecision();
        Advance();
    }

    /// <summary>Lets the workers go on, or stop, once all that has to be done before is done.</summary>
    private void TellDecision()
    {
        lastProgressAt = Environment.TickCount64;
        if (savesBest || ratesAwaited.Count > 0)
            return;
        foreach (var worker in Leased)
            worker.Node.Actor.Tell(decision!);
    }

    private void Take(BestSaved saved)
    {
        if (failing || rebuild)
            return;
        savesBest = false;
        bestSha256 = saved.WeightsSha256;
        node.Log.ModelWritten(saved.Evaluation.Version, BestFile, saved.WeightsSha256);
        if (savesModelThen)
            MakeModel();
        else
            TellDecision();
    }

    /// <summary>Nothing is left but to save the model. Whoever took over just now may have yet to find the best weights.</summary>
    private void SaveModel()
    {
        Enter("saving");
        Become(Saving);
        savesModelThen = savesBest;
        if (!savesBest)
            MakeModel();
    }

    /// <summary>Makes the model file: of the last version, or of the best one where that is wanted and another.</summary>
    private void MakeModel()
    {
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
    }

    /// <summary>
    /// The best weights so far. The end of a run gives their file the model's name: where the coordinator was lost between that and the end, they
    /// are taken back from there.
    /// </summary>
    private static (long Version, string WeightsSha256)? ReadBest(RunStore store, string best, string model)
    {
        if (!File.Exists(best) && File.Exists(model))
            File.Move(model, best);
        return store.ReadModel(best);
    }

    private string WriteModel(RunStore store, long version, string file) =>
        store.WriteModel(version, file, new Dictionary<string, string> { ["job"] = job.Name, ["version"] = $"{version}" });
}
