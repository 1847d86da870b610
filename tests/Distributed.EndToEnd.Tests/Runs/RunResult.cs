using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>A run's folder, read.</summary>
internal sealed class RunResult(string folder)
{
    public string Folder => folder;

    public JsonElement Summary { get; } = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "summary.json"))).RootElement;

    public string WeightsSha256 => Summary.GetProperty("weightsSha256").GetString()!;

    public double TestLoss => Summary.GetProperty("evaluation").GetProperty("loss").GetDouble();

    public IReadOnlyList<JsonElement> Metrics => Lines("metrics.jsonl");

    public IReadOnlyList<JsonElement> Log => Lines("cluster.log");

    public double[] StepLosses => [.. Metrics.Where(line => line.GetProperty("kind").GetString() == "step").Select(line => line.GetProperty("loss").GetDouble())];

    /// <summary>Trains a job on this machine and reads what it left.</summary>
    public static async Task<RunResult> TrainAsync(TemporaryFolder folder, string job, params string[] arguments)
    {
        var run = folder.In($"run-{Guid.NewGuid():N}");
        var ended = await TrainerProcess.RunAsync(folder.Path, ["local", job, "--out", run, .. arguments]);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        Assert.Empty(ended.Error);
        return new RunResult(run);
    }

    private List<JsonElement> Lines(string file) =>
        [.. File.ReadLines(Path.Combine(folder, file)).Select(line => JsonDocument.Parse(line).RootElement)];
}
