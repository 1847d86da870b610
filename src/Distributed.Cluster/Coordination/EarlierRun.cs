using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>What a run that is resumed had found before its checkpoint, as far as its metrics.jsonl tells.</summary>
/// <param name="FirstStep">The first of <paramref name="Steps"/>: 0, or the checkpoint's version where steps before it are missing.</param>
internal sealed record EarlierRun(long FirstStep, IReadOnlyList<StepRecord> Steps, IReadOnlyList<Evaluation> Evaluations)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>A run that begins.</summary>
    public static EarlierRun None { get; } = new(0, [], []);

    /// <summary>The first step that is not known.</summary>
    public long NextStep => FirstStep + Steps.Count;

    /// <summary>How many steps a metrics.jsonl has, from the first one on; 0 where there is none.</summary>
    public static long StepsIn(string file)
    {
        var steps = new List<StepRecord>();
        var evaluations = new List<Evaluation>();
        if (File.Exists(file))
            foreach (var line in File.ReadLines(file))
                Take(line, long.MaxValue, steps, evaluations);
        return steps.Count;
    }

    /// <summary>
    /// Reads metrics.jsonl up to a version and drops from the file what comes after: it is computed again. The evaluation of the
    /// version itself is dropped, too, since an interruption may have come before its end, unless <paramref name="withItsEvaluation"/>.
    /// </summary>
    public static EarlierRun Keep(string file, long version, bool withItsEvaluation = false)
    {
        var steps = new List<StepRecord>();
        var evaluations = new List<Evaluation>();
        if (File.Exists(file))
        {
            var kept = file + ".new";
            using (var writer = new StreamWriter(kept, append: false, new UTF8Encoding(false)) { NewLine = "\n" })
            {
                foreach (var line in File.ReadLines(file))
                    if (Take(line, version, steps, evaluations, withItsEvaluation))
                        writer.WriteLine(line);
            }

            File.Move(kept, file, overwrite: true);
        }

        return steps.Count == version ? new EarlierRun(0, steps, evaluations) : new EarlierRun(version, [], []);
    }

    private static bool Take(string line, long version, List<StepRecord> steps, List<Evaluation> evaluations, bool withItsEvaluation = false)
    {
        try
        {
            using var parsed = JsonDocument.Parse(line);
            if (parsed.RootElement.GetProperty("kind").GetString() == "step")
            {
                var step = parsed.Deserialize<StepLine>(Json)!;
                if (step.Step >= version || step.Step != steps.Count)
                    return false;
                steps.Add(new StepRecord(
                    step.Step, step.Samples, step.Loss, step.Accuracy, step.StepMilliseconds, step.ComputeMilliseconds, step.InputMilliseconds,
                    step.ExchangeMilliseconds)
                { InputWaitMilliseconds = step.InputWaitMilliseconds });
                return true;
            }

            var evaluation = parsed.Deserialize<Evaluation>(Json)!;
            if (withItsEvaluation ? evaluation.Version > version : evaluation.Version >= version)
                return false;
            evaluations.Add(evaluation);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A line that was cut when the run's process ended.
            return false;
        }
    }

    private sealed record StepLine(
        long Step, int Samples, double Loss, double? Accuracy, double StepMilliseconds, double ComputeMilliseconds, double InputMilliseconds,
        double ExchangeMilliseconds, double InputWaitMilliseconds);
}
