using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>Decoded data that processes share changes no bit and is not needed.</summary>
public sealed class CacheTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Workers_that_share_decoded_data_train_to_the_bits_of_those_that_do_not()
    {
        var job = Write();
        var without = await RunResult.TrainAsync(folder, job, "--workers", "1");
        var cold = await TrainAsync("--workers", "3");
        var file = Assert.Single(Directory.GetFiles(folder.In("cache"), "*.data"));
        // Who decodes takes the lock, and makes its file anew if it is not there.
        foreach (var taken in Directory.GetFiles(folder.In("cache"), "lock-*")) File.Delete(taken);
        var warm = await TrainAsync("--workers", "2");
        var off = await TrainAsync("--workers", "2", "--set", "data.cache=off");

        Assert.All([cold, warm, off], run => Assert.Equal(without.WeightsSha256, run.WeightsSha256));
        Assert.Equal([file], Directory.GetFiles(folder.In("cache")));

        async Task<RunResult> TrainAsync(params string[] arguments)
        {
            var run = folder.In($"run-{Guid.NewGuid():N}");
            var ended = await TrainWithAsync(folder.In("cache"), job, run, arguments);
            Assert.Equal((0, ""), (ended.Code, ended.Error));
            return new RunResult(run);
        }
    }

    [Fact]
    public async Task Training_goes_on_where_decoded_data_cannot_be_kept_and_the_log_says_why()
    {
        // A file where a folder should be: permissions do not stop every user.
        var file = folder.Write("file", "");
        var ended = await TrainWithAsync(Path.Combine(file, "below-a-file"), Write(), folder.In("without"), "--workers", "2");
        Assert.Equal(0, ended.Code);
        Assert.Contains("decoded data can't be kept", ended.Error);
        var run = new RunResult(folder.In("without"));
        var told = run.Log.Where(line => line.GetProperty("event").GetString() == "data-noticed").Select(line => line.GetRawText()).ToArray();
        Assert.Contains(told, line => line.Contains("decoded data can't be kept", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_benchmark_of_the_input_tells_what_steps_waited_for()
    {
        var json = folder.In("figures.json");
        var ended = await TrainerProcess.RunAsync(
            folder.Path, "bench", "input", Write(), "--data", folder.Path, "--rounds", "1", "--steps", "20", "--json", json);
        Assert.True(ended.Code == 0, ended.Error);
        Assert.Contains("waited ms", ended.Output);
        using var figures = JsonDocument.Parse(await File.ReadAllTextAsync(json));
        var row = Assert.Single(figures.RootElement.GetProperty("figures").EnumerateArray());
        var (step, input, wait) = (Number("step"), Number("input"), Number("wait"));
        Assert.True(step > 0 && input > 0 && wait >= 0 && wait < step, $"step {step} ms, input {input} ms, waited {wait} ms");

        double Number(string name) => row.GetProperty(name).GetDouble();
    }

    /// <summary>Trains with decoded data kept in a folder.</summary>
    private async Task<Ended> TrainWithAsync(string cache, string job, string run, params string[] arguments)
    {
        using var trainer = TrainerProcess.StartCommand(
            folder.Path, ["env", $"TRAINER_CACHE={cache}", "dotnet", TrainerProcess.Program, "local", job, "--out", run, .. arguments]);
        return await trainer.EndAsync(TrainerProcess.Patience);
    }

    // A little more than the mebibyte from which on decoded data is kept.
    private string Write()
    {
        folder.Write("lines.txt", "nothing\n" + string.Concat(Enumerable.Range(0, 2200).Select(i => $"{i % 2} {(i % 2 == 0 ? "good" : "bad")} film number {i}\n")));
        return folder.Write("lines.hocon", """
            model { input = [64], layers = [{ type = embedding, tokens = 100, width = 2 }, flatten, { type = linear, out = 2 }] }
            data { format = labelled-lines, file = "lines.txt", length = 64, vocabulary = 100, test-every = 11, on-bad-row = skip }
            loss = cross-entropy
            optimizer { type = sgd, learning-rate = 0.1 }
            epochs = 1
            batch = 99
            slots = 3
            workers = 2
            """);
    }
}
