using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Distributed.Cluster.Checkpoints;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>What a run that goes on had found before, as far as its metrics.jsonl tells.</summary>
internal sealed class EarlierRun
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly List<(Evaluation Found, double TrainingLoss)> evaluations = [];

    private EarlierRun(long firstStep) => Figures = new RunFigures(firstStep);

    /// <summary>A run that begins, or of which nothing is known before a step.</summary>
    public static EarlierRun None(long firstStep = 0) => new(firstStep);

    /// <summary>
    /// What its steps and evaluations came to, for whoever goes on with it; the first step is the checkpoint's version where steps before it are missing.
    /// </summary>
    public RunFigures Figures { get; }

    /// <summary>Its evaluations in order, each with the mean training loss since the one before.</summary>
    public IReadOnlyList<(Evaluation Found, double TrainingLoss)> Evaluations => evaluations;

    /// <summary>How many steps a metrics.jsonl has, from the first one on; 0 where there is none.</summary>
    public static long StepsIn(string file)
    {
        var run = None();
        if (File.Exists(file))
            foreach (var line in File.ReadLines(file))
                run.Take(line, long.MaxValue, withItsEvaluation: true);
        return run.Figures.NextStep;
    }

    /// <summary>
    /// Reads metrics.jsonl up to a version and drops from the file what comes after: it is computed again. The evaluation of the
    /// version itself is dropped, too, since an interruption may have come before its end, unless <paramref name="withItsEvaluation"/>.
    /// </summary>
    public static EarlierRun Keep(string file, long version, bool withItsEvaluation = false)
    {
        var run = None();
        if (File.Exists(file))
        {
            var kept = file + ".new";
            using (var writer = new StreamWriter(kept, append: false, new UTF8Encoding(false)) { NewLine = "\n" })
            {
                foreach (var line in File.ReadLines(file))
                    if (run.Take(line, version, withItsEvaluation))
                        writer.WriteLine(line);
            }

            Disk.Replace(file, by: kept);
        }

        return run.Figures.NextStep == version ? run : None(version);
    }

    private bool Take(string line, long version, bool withItsEvaluation)
    {
        try
        {
            using var parsed = JsonDocument.Parse(line);
            if (parsed.RootElement.GetProperty("kind").GetString() == "step")
            {
                var step = parsed.Deserialize<StepLine>(Json)!;
                if (step.Step >= version || step.Step != Figures.NextStep)
                    return false;
                var record = new StepRecord(
                    step.Step, step.Samples, step.Loss, step.Accuracy, step.StepMilliseconds, step.ComputeMilliseconds, step.InputMilliseconds,
                    step.ExchangeMilliseconds)
                { InputWaitMilliseconds = step.InputWaitMilliseconds };
                Figures.Add(record, step.Epoch);
                return true;
            }

            var evaluation = parsed.Deserialize<Evaluation>(Json)!;
            // Steps that led to it are missing, or it will be found again.
            if (evaluation.Version > Figures.NextStep || (withItsEvaluation ? evaluation.Version > version : evaluation.Version >= version))
                return false;
            evaluations.Add((evaluation, Figures.Add(evaluation)));
            return true;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A line that was cut when the run's process ended.
            return false;
        }
    }

    private sealed record StepLine(
        long Step, int Epoch, int Samples, double Loss, double? Accuracy, double StepMilliseconds, double ComputeMilliseconds, double InputMilliseconds,
        double ExchangeMilliseconds, double InputWaitMilliseconds);
}
