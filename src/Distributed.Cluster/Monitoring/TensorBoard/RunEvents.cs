using System.Text.Json.Nodes;
using Distributed.Cluster.Coordination;
using Tensorboard;

namespace Distributed.Cluster.Monitoring.TensorBoard;

/// <summary>
/// A run's curves for TensorBoard: scalars of its steps under <c>training/</c> and <c>time/</c>, those of its evaluations under
/// <c>evaluation/</c> by the names of metrics.jsonl.
/// </summary>
internal sealed class RunEvents(string folder) : IDisposable
{
    private readonly EventFile file = new(folder);

    /// <summary>Takes a step; of long runs some are left out (<see cref="IsDrawn"/>).</summary>
    public void Add(StepRecord step, double learningRate)
    {
        if (!IsDrawn(step.Step))
            return;
        var summary = new Summary();
        Add(summary, "training/loss", step.Loss);
        if (step.Accuracy is { } accuracy)
            Add(summary, "training/accuracy", accuracy);
        Add(summary, "training/learning-rate", learningRate);
        Add(summary, "training/samples-per-second", step.Samples * 1000 / Math.Max(1e-3, step.TotalMilliseconds));
        Add(summary, "time/step-milliseconds", step.TotalMilliseconds);
        Add(summary, "time/compute-milliseconds", step.ComputeMilliseconds);
        Add(summary, "time/input-milliseconds", step.InputMilliseconds);
        Add(summary, "time/exchange-milliseconds", step.ExchangeMilliseconds);
        file.Write(new Event { Step = step.Step, Summary = summary });
    }

    /// <summary>Takes an evaluation: every number in it is a scalar.</summary>
    /// <param name="version">How many steps the weights had had; drawn at the last of them.</param>
    /// <param name="figures">As in metrics.jsonl.</param>
    public void Add(long version, JsonObject figures)
    {
        var summary = new Summary();
        AddNumbers(summary, "evaluation", figures);
        file.Write(new Event { Step = Math.Max(0, version - 1), Summary = summary });
        file.Flush();
    }

    public void Flush() => file.Flush();

    public void Dispose() => file.Dispose();

    /// <summary>All of the first thousand steps, every tenth of the next nine thousand, and so on: 900 a power of ten are as many as a curve shows.</summary>
    internal static bool IsDrawn(long step)
    {
        var every = 1L;
        while (step >= 1000 * every)
            every *= 10;
        return step % every == 0;
    }

    private static void AddNumbers(Summary summary, string path, JsonObject figures)
    {
        foreach (var (name, value) in figures)
            if (value is JsonObject inner)
                AddNumbers(summary, $"{path}/{name}", inner);
            else if (value is JsonValue leaf && leaf.TryGetValue<double>(out var number) && name is not ("epoch" or "version" or "samples"))
                Add(summary, $"{path}/{name}", number);
    }

    private static void Add(Summary summary, string tag, double value) =>
        summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });
}
