using System.Text.Json;
using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.EndToEnd.Tests;

public class RunFilesTests
{
    private static readonly string[] SummaryKeys =
    [
        "status", "workers", "servers", "slots", "epochs", "steps", "samplesSeen", "samplesPerSecond", "stepMilliseconds", "computeMilliseconds",
        "exchangeMilliseconds", "bytesSent", "weightsSha256", "evaluation", "restarts", "wallSeconds",
    ];

    [Fact]
    public async Task A_run_leaves_its_log_its_metrics_its_summary_and_its_model()
    {
        using var folder = new TemporaryFolder();
        var file = SmallJob.Write(folder, epochs: 3);
        // Earlier processes had numbers that come again.
        var temporary = Directory.GetFileSystemEntries(Path.GetTempPath());
        // Without --out: the folder gets a name of its own below runs.
        var ended = await TrainerProcess.RunAsync(folder.Path, "local", file, "--workers", "2");
        Assert.True(ended.Code == 0, ended.Error);
        var made = Assert.Single(Directory.GetDirectories(folder.In("runs")));
        Assert.Matches("^small-[0-9]{8}-[0-9]{6}$", Path.GetFileName(made));
        Assert.Equal(
            ["cluster.log", "curves.png", "curves.svg", "events.out.tfevents", "job.hocon", "ledger", "metrics.jsonl", "model.safetensors", "status.json", "summary.json"],
            Directory.GetFileSystemEntries(made).Select(NameOf).Order(StringComparer.Ordinal));

        var run = new RunResult(made);
        CheckSummary(run, ended);
        CheckMetrics(run);
        CheckLog(run);
        CheckModel(run, made);
        // Nor does any of its processes leave anything where temporary files are.
        Assert.All(
            Fields(run, "node-joined"),
            fields => Assert.Empty(Directory.GetFileSystemEntries(Path.GetTempPath(), $"*-{fields.GetProperty("processId").GetString()}-*").Except(temporary)));
    }

    /// <summary>An event file has its time in its name.</summary>
    private static string NameOf(string file) => Path.GetFileName(file).StartsWith("events", StringComparison.Ordinal) ? Path.GetFileNameWithoutExtension(file) : Path.GetFileName(file);

    private static void CheckSummary(RunResult run, Ended ended)
    {
        Assert.All(SummaryKeys, key => Assert.True(run.Summary.TryGetProperty(key, out _), key));
        Assert.Equal("completed", run.Summary.GetProperty("status").GetString());
        Assert.Equal(48, run.Summary.GetProperty("steps").GetInt64());
        Assert.Equal(1500, run.Summary.GetProperty("samplesSeen").GetInt64());
        Assert.Equal(600, run.Summary.GetProperty("evaluation").GetProperty("samples").GetInt32());
        Assert.InRange(run.Summary.GetProperty("evaluation").GetProperty("accuracy").GetDouble(), 0.2, 1);
        Assert.True(run.Summary.GetProperty("stepMilliseconds").GetProperty("p95").GetDouble() >= run.Summary.GetProperty("stepMilliseconds").GetProperty("median").GetDouble());
        Assert.Contains(run.WeightsSha256, ended.Output);
    }

    private static void CheckMetrics(RunResult run)
    {
        var lines = run.Metrics.Select(line =>
        {
            var kind = line.GetProperty("kind").GetString();
            return $"{kind} {line.GetProperty(kind == "step" ? "step" : "version").GetInt64()} of epoch {line.GetProperty("epoch").GetInt32()}";
        }).ToList();
        Assert.Equal(
            Enumerable.Range(0, 48).Select(step => $"step {step} of epoch {step / 16 + 1}"), lines.Where(line => line.StartsWith("step", StringComparison.Ordinal)));
        Assert.Equal(
            Enumerable.Range(1, 3).Select(epoch => $"evaluation {16 * epoch} of epoch {epoch}"), lines.Where(line => line.StartsWith("eval", StringComparison.Ordinal)));
        // The workers go on while figures travel, so a test's line may stand among the next epoch's, but not before its own epoch's last step.
        Assert.All(Enumerable.Range(1, 3), epoch => Assert.True(
            lines.IndexOf($"evaluation {16 * epoch} of epoch {epoch}") > lines.IndexOf($"step {16 * epoch - 1} of epoch {epoch}")));
        Assert.All(run.Metrics, line => Assert.True(double.IsFinite(line.GetProperty("loss").GetDouble())));
        Assert.True(run.StepLosses.TakeLast(8).Average() < run.StepLosses.Take(8).Average());
    }

    private static void CheckLog(RunResult run)
    {
        var times = run.Log.Select(line => line.GetProperty("time").GetDateTime()).ToArray();
        Assert.Equal(times.Order(), times);
        Assert.Equal(4, Fields(run, "node-joined").Count);
        Assert.Equal(["0-1", "2-3"], Fields(run, "slots-leased").Select(fields => fields.GetProperty("slots").GetString()));
        Assert.Equal(["1", "2", "3"], Fields(run, "epoch-ended").Select(fields => fields.GetProperty("epoch").GetString()));
        Assert.Equal(["16", "32", "48"], Fields(run, "evaluated").Select(fields => fields.GetProperty("version").GetString()));
        Assert.Single(Fields(run, "shards-assigned"));
        Assert.Equal("Completed", Assert.Single(Fields(run, "job-ended")).GetProperty("status").GetString());
        Assert.Equal(
            ["coordinator", "server-1", "worker-1", "worker-2"],
            run.Log.Select(line => line.GetProperty("node").GetString()!).Distinct().Order(StringComparer.Ordinal));
        Assert.DoesNotContain(run.Log, line => line.GetProperty("level").GetString() == "error");
    }

    private static unsafe void CheckModel(RunResult run, string folder)
    {
        // The job that the run's folder keeps is enough to read its model.
        var job = Job.Load(Path.Combine(folder, "job.hocon"), new JobOverrides());
        using var module = job.Model.Build();
        var layout = ParameterLayout.Of(module);
        var flat = new float[layout.Length];
        fixed (float* first = flat)
        {
            var metadata = ModelFile.Read(Path.Combine(folder, "model.safetensors"), layout, (IntPtr)first);
            Assert.Equal("48", metadata["version"]);
            Assert.Equal(run.WeightsSha256, WeightsSha256.Of(layout, (IntPtr)first));
        }
    }

    private static List<JsonElement> Fields(RunResult run, string name) =>
        [.. run.Log.Where(line => line.GetProperty("event").GetString() == name).Select(line => line.GetProperty("fields"))];
}
