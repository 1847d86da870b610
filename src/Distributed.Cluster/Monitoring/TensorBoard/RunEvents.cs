using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Distributed.Cluster.Coordination;
using Distributed.Learning;
using Google.Protobuf;
using Tensorboard;

namespace Distributed.Cluster.Monitoring.TensorBoard;

/// <summary>
/// A run's curves for TensorBoard: scalars of its steps under <c>training/</c> and <c>time/</c>, those of its evaluations under
/// <c>evaluation/</c> by the names of metrics.jsonl; histograms of its weights under <c>weights/</c>, pictures under <c>run/</c>. Safe to call
/// from several threads.
/// </summary>
internal sealed class RunEvents(string folder) : IDisposable
{
    private readonly EventFile file = new(folder);
    private readonly Lock gate = new();
    private long histogramsOf = -1;
    private bool closed;

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
        Write(step.Step, summary);
    }

    /// <summary>Takes an evaluation: every number in it is a scalar.</summary>
    /// <param name="version">How many steps the weights had had; drawn at the last of them.</param>
    /// <param name="figures">As in metrics.jsonl.</param>
    public void Add(long version, JsonObject figures)
    {
        var summary = new Summary();
        AddNumbers(summary, "evaluation", figures);
        Write(Math.Max(0, version - 1), summary);
        Flush();
    }

    /// <summary>Takes a version's weights: a histogram of each parameter. Once a version.</summary>
    /// <param name="weights">The flat vector, float32.</param>
    public unsafe void Add(long version, ParameterLayout layout, nint weights)
    {
        lock (gate)
        {
            if (version <= histogramsOf)
                return;
            histogramsOf = version;
        }

        var summary = new Summary();
        foreach (var entry in layout.Parameters)
            summary.Value.Add(new Summary.Types.Value
            {
                Tag = $"weights/{entry.Name}",
                Histo = Histograms.Of(new ReadOnlySpan<float>((float*)weights + entry.Offset, (int)Math.Min(entry.Count, int.MaxValue))),
            });
        Write(Math.Max(0, version - 1), summary);
    }

    /// <summary>Takes a picture of the run.</summary>
    /// <param name="name">What it is of.</param>
    /// <param name="png">The picture as PNG, whose size stands in its header.</param>
    public void Add(long version, string name, byte[] png) => Write(Math.Max(0, version - 1), new Summary
    {
        Value =
        {
            new Summary.Types.Value
            {
                Tag = $"run/{name}",
                Image = new Summary.Types.Image
                {
                    Width = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)),
                    Height = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)),
                    // Red, green, blue and opacity.
                    Colorspace = 4,
                    EncodedImageString = ByteString.CopyFrom(png),
                },
            },
        },
    });

    public void Flush()
    {
        lock (gate)
            if (!closed)
                file.Flush();
    }

    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            file.Dispose();
        }
    }

    private void Write(long step, Summary summary)
    {
        lock (gate)
            if (!closed)
                file.Write(new Event { Step = step, Summary = summary });
    }

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
