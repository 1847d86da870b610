using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>The files of one run's folder, except the model and the checkpoints.</summary>
internal sealed class RunFiles : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static readonly JsonSerializerOptions JsonLine = new(Json) { WriteIndented = false };

    private readonly StreamWriter metrics;
    private readonly StreamWriter log;

    public RunFiles(string folder, Job job)
    {
        Folder = folder;
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "job.hocon"), job.Text);
        metrics = Open("metrics.jsonl");
        log = Open("cluster.log");
        log.AutoFlush = true;
    }

    public string Folder { get; }

    /// <summary>Where the merged log of all nodes goes.</summary>
    public TextWriter Log => log;

    public string ModelFile => Path.Combine(Folder, "model.safetensors");

    public void Write(StepRecord step, int epoch, double learningRate) => WriteLine(new
    {
        kind = "step",
        step = step.Step,
        epoch,
        loss = step.Loss,
        accuracy = step.Accuracy,
        samples = step.Samples,
        learningRate,
        stepMilliseconds = Round(step.TotalMilliseconds),
        computeMilliseconds = Round(step.ComputeMilliseconds),
        inputMilliseconds = Round(step.InputMilliseconds),
        exchangeMilliseconds = Round(step.ExchangeMilliseconds),
    });

    /// <summary>The figures without the tables of classes, which summary.json holds.</summary>
    public void Write(Evaluation evaluation, int epoch)
    {
        var figures = JsonSerializer.SerializeToNode(evaluation.Brief(), JsonLine)!.AsObject();
        figures.Insert(0, "kind", "evaluation");
        figures.Insert(1, "epoch", epoch);
        metrics.WriteLine(figures.ToJsonString(JsonLine));
    }

    /// <summary>Writes summary.json, whole or not at all.</summary>
    public void Write(RunSummary summary)
    {
        metrics.Flush();
        var file = Path.Combine(Folder, "summary.json");
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(summary, Json) + "\n");
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Writes curves.svg.</summary>
    public void WriteCurves(string svg) => File.WriteAllText(Path.Combine(Folder, "curves.svg"), svg);

    /// <summary>Makes what was written so far visible to readers of the folder.</summary>
    public void Flush() => metrics.Flush();

    public void Dispose()
    {
        metrics.Dispose();
        log.Dispose();
    }

    private static double Round(double milliseconds) => Math.Round(milliseconds, 4);

    private void WriteLine<T>(T line) => metrics.WriteLine(JsonSerializer.Serialize(line, JsonLine));

    private StreamWriter Open(string name) =>
        new(new FileStream(Path.Combine(Folder, name), FileMode.Create, FileAccess.Write, FileShare.ReadWrite), new UTF8Encoding(false));
}
