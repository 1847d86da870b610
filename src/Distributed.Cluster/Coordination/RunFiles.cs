using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Ledgers;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Logs;
using Distributed.Cluster.Monitoring.TensorBoard;
using Distributed.Cluster.Succession;
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

    private readonly Action<string, IOException?>? disk;
    private StreamWriter metrics;
    private readonly RotatingLog log;
    private RunEvents events;

    /// <param name="resumedAt">The version that the run in this folder goes on from; null: a run begins.</param>
    /// <exception cref="BadInputException">Something that the job goes by is not in the folder.</exception>
    /// <param name="takesOver">
    /// Another coordinator goes on with the run from where its files end: whatever the former one still writes reaches nobody.
    /// </param>
    /// <param name="logging">Bounds the log; null: the defaults.</param>
    /// <param name="logDropped">Hears of parts of the log that had to go.</param>
    /// <param name="disk">Hears, once each time, which file can't be written and why; and null when all of it is written.</param>
    public RunFiles(string folder, Job job, long? resumedAt = null, LogSettings? logging = null, Action<int>? logDropped = null,
        bool takesOver = false, Action<string, IOException?>? disk = null)
    {
        this.disk = disk;
        Folder = folder;
        Directory.CreateDirectory(folder);
        if (takesOver)
        {
            WholeLines.TakeOver(Path.Combine(folder, LogFiles.Current));
            WholeLines.TakeOver(LedgerFile.Of(folder));
            // Both were written, but not in one piece.
            Earlier = EarlierRun.Keep(MetricsFile, Math.Min(EarlierRun.StepsIn(MetricsFile), LedgerFile.NextStep(folder)), withItsEvaluation: true);
        }
        else if (resumedAt is { } version)
        {
            Keep(job, version);
        }

        File.WriteAllText(Path.Combine(folder, "job.hocon"), job.Text);
        var anew = resumedAt is null && !takesOver;
        metrics = OpenMetrics(anew);
        var bounds = logging ?? new LogSettings(default, default);
        log = new RotatingLog(folder, anew, bounds.PartBytes, bounds.Parts, logDropped);
        events = new RunEvents(folder);
    }

    public string Folder { get; }

    /// <summary>What the run had found before it was resumed.</summary>
    public EarlierRun Earlier { get; private set; } = EarlierRun.None();

    /// <summary>Where the merged log of all nodes goes.</summary>
    public TextWriter Log => log;

    /// <summary>A line a step and an evaluation.</summary>
    public string MetricsFile => Path.Combine(Folder, "metrics.jsonl");

    public string ModelFile => Path.Combine(Folder, "model.safetensors");

    /// <summary>Drops what was written of later steps than those before a version: they are made again.</summary>
    /// <exception cref="BadInputException">Something that the job goes by is not in the folder.</exception>
    public void GoBack(Job job, long version)
    {
        metrics.Dispose();
        // A new file, as after a resumption: who reads them takes the later one of two for the same step.
        events.Dispose();
        try
        {
            Keep(job, version);
        }
        finally
        {
            metrics = OpenMetrics(anew: false);
            events = new RunEvents(Folder);
        }
    }

    public void Write(StepRecord step, int epoch, double learningRate)
    {
        WriteLine(new
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
            inputWaitMilliseconds = Round(step.InputWaitMilliseconds),
            exchangeMilliseconds = Round(step.ExchangeMilliseconds),
        });
        events.Add(step, learningRate);
    }

    /// <summary>The figures without the tables of classes, which summary.json holds.</summary>
    public void Write(Evaluation evaluation, int epoch)
    {
        var figures = JsonSerializer.SerializeToNode(evaluation.Brief(), JsonLine)!.AsObject();
        figures.Insert(0, "kind", "evaluation");
        figures.Insert(1, "epoch", epoch);
        metrics.WriteLine(figures.ToJsonString(JsonLine));
        events.Add(evaluation.Version, figures);
    }

    /// <summary>Writes summary.json, whole or not at all.</summary>
    public void Write(RunSummary summary)
    {
        metrics.Flush();
        var file = Path.Combine(Folder, "summary.json");
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(summary, Json) + "\n");
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Writes curves.svg, and curves.png where there is one.</summary>
    public void WriteCurves(string svg, byte[]? png)
    {
        File.WriteAllText(Path.Combine(Folder, "curves.svg"), svg);
        if (png is not null)
            File.WriteAllBytes(Path.Combine(Folder, "curves.png"), png);
    }

    /// <summary>Writes how a version's weights are spread, for TensorBoard; from any thread.</summary>
    /// <param name="weights">The flat vector, float32.</param>
    public void WriteHistograms(long version, ParameterLayout layout, nint weights) => events.Add(version, layout, weights);

    /// <summary>Writes a picture of the run for TensorBoard.</summary>
    public void WritePicture(long version, string name, byte[]? png)
    {
        if (png is not null)
            events.Add(version, name, png);
    }

    /// <summary>Makes what was written so far visible to readers of the folder.</summary>
    /// <returns>False where the disk has no room for all of the metrics; they are kept.</returns>
    public bool Flush()
    {
        metrics.Flush();
        events.Flush();
        return ((AppendedFile)metrics.BaseStream).IsWritten;
    }

    public void Dispose()
    {
        metrics.Dispose();
        log.Dispose();
        events.Dispose();
    }

    private void Keep(Job job, long version)
    {
        Earlier = EarlierRun.Keep(MetricsFile, version);
        if (Earlier.Figures.FirstStep > 0 && job.DecidesAtEvaluations)
            throw new BadInputException($"{MetricsFile}: expected all steps before {version}, whose evaluations early stopping and reduce-on-plateau go by");
    }

    private static double Round(double milliseconds) => Math.Round(milliseconds, 4);

    private void WriteLine<T>(T line) => metrics.WriteLine(JsonSerializer.Serialize(line, JsonLine));

    private StreamWriter OpenMetrics(bool anew) =>
        new(new AppendedFile(MetricsFile, anew, problem => disk?.Invoke(MetricsFile, problem)), new UTF8Encoding(false));
}
