using System.Collections.Concurrent;
using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>A run's folder, read.</summary>
internal sealed class RunResult(string folder)
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<RunResult>>> undisturbed = new();

    public string Folder => folder;

    public JsonElement Summary { get; } = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "summary.json"))).RootElement;

    public string WeightsSha256 => Summary.GetProperty("weightsSha256").GetString()!;

    public double TestLoss => Summary.GetProperty("evaluation").GetProperty("loss").GetDouble();

    public IReadOnlyList<JsonElement> Metrics => Lines("metrics.jsonl");

    public IReadOnlyList<JsonElement> Log => Lines("cluster.log");

    public double[] StepLosses => [.. Metrics.Where(line => line.GetProperty("kind").GetString() == "step").Select(line => line.GetProperty("loss").GetDouble())];

    /// <summary>Trains a job with processes of its own on this machine and reads what it left.</summary>
    public static async Task<RunResult> TrainAsync(TemporaryFolder folder, string job, params string[] arguments)
    {
        var run = folder.In($"run-{Guid.NewGuid():N}");
        var ended = await TrainerProcess.RunAsync(folder.Path, ["local", job, "--out", run, .. arguments]);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        Assert.Empty(ended.Error);
        return new RunResult(run);
    }

    /// <summary>
    /// What a job comes to with one worker and no fault, for others to be compared with: trained at the first call and kept until the tests end. Jobs of
    /// the same text are the same job.
    /// </summary>
    public static async Task<RunResult> UndisturbedAsync(string job, params string[] arguments)
    {
        var key = string.Join('\n', [await File.ReadAllTextAsync(job), .. arguments]);
        return await undisturbed.GetOrAdd(key, _ => new(() => StandingCluster.TrainAsync(job, ["--workers", "1", .. arguments]))).Value;
    }

    private List<JsonElement> Lines(string file) =>
        [.. File.ReadLines(Path.Combine(folder, file)).Select(line => JsonDocument.Parse(line).RootElement)];
}
