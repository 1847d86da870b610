using System.Text.Json;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Tests.Jobs;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Coordination;

public sealed class RunFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_run_leaves_its_job_its_metrics_and_a_summary()
    {
        var run = folder["runs/tiny"];
        using (var files = new RunFiles(run, TinyJob.With()))
        {
            files.Write(new StepRecord(0, 4, 1.5, 0.25, 10.00004, 5, 1, 4), epoch: 1, learningRate: 0.1);
            files.Write(new Evaluation(3, 5, 1.25, null), epoch: 1);
            files.Write(Summary(wallSeconds: 3));
            files.Log.WriteLine("{}");
        }

        Assert.Equal(TinyJob.With().Text, File.ReadAllText(Path.Combine(run, "job.hocon")));
        var metrics = File.ReadAllLines(Path.Combine(run, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["step", "evaluation"], metrics.Select(line => line.GetProperty("kind").GetString()));
        Assert.Equal((0, 1, 1.5, 0.25, 4), (Integer(metrics[0], "step"), Integer(metrics[0], "epoch"), Number(metrics[0], "loss"), Number(metrics[0], "accuracy"), Integer(metrics[0], "samples")));
        Assert.Equal((10, 0.1), (Number(metrics[0], "stepMilliseconds"), Number(metrics[0], "learningRate")));
        Assert.Equal((3, 1.25), (Integer(metrics[1], "version"), Number(metrics[1], "loss")));
        var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json"))).RootElement;
        Assert.Equal("completed", summary.GetProperty("status").GetString());
        Assert.Equal(2, summary.GetProperty("stepMilliseconds").GetProperty("p95").GetDouble());
        Assert.Equal(["cluster.log", "events.out.tfevents", "job.hocon", "metrics.jsonl", "summary.json"], Directory.GetFiles(run).Select(NameOf).Order());

        // Event files have their time in their name.
        static string NameOf(string file) => Path.GetFileName(file).StartsWith("events", StringComparison.Ordinal) ? Path.GetFileNameWithoutExtension(file) : Path.GetFileName(file);
    }

    [Fact]
    public void A_loss_that_is_no_number_is_written_all_the_same()
    {
        using (var files = new RunFiles(folder.Path, TinyJob.With()))
            files.Write(new StepRecord(0, 4, double.NaN, null, 1, 1, 1, 1), 1, 0.1);
        Assert.Equal("NaN", JsonDocument.Parse(File.ReadAllLines(folder["metrics.jsonl"])[0]).RootElement.GetProperty("loss").GetString());
    }

    [Fact]
    public void Metrics_are_readable_while_the_run_goes_on()
    {
        using var files = new RunFiles(folder.Path, TinyJob.With());
        files.Write(new StepRecord(0, 4, 1, null, 1, 1, 1, 1), 1, 0.1);
        files.Flush();
        using var reader = new StreamReader(new FileStream(folder["metrics.jsonl"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        Assert.NotNull(reader.ReadLine());
    }

    [Fact]
    public void A_newer_summary_replaces_the_older()
    {
        using var files = new RunFiles(folder.Path, TinyJob.With());
        files.Write(Summary(1));
        files.Write(Summary(2));
        Assert.Equal(2, JsonDocument.Parse(File.ReadAllText(folder["summary.json"])).RootElement.GetProperty("wallSeconds").GetDouble());
        Assert.False(File.Exists(folder["summary.json.new"]));
    }

    private static int Integer(JsonElement line, string key) => line.GetProperty(key).GetInt32();

    private static double Number(JsonElement line, string key) => line.GetProperty(key).GetDouble();

    private static RunSummary Summary(double wallSeconds) => new(
        "tiny", "completed", 2, 1, 2, 1, 3, 12, 100, new Spread(1, 2), 0.5, 0.1, 0.4, 1000, 15, "00", new Evaluation(3, 5, 1.25, null), false, 0, wallSeconds, null);
}
