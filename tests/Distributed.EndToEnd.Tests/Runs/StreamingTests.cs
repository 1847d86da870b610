using System.Globalization;

namespace Distributed.EndToEnd.Tests;

/// <summary>Where a link is over a network, gradients leave layer by layer and weights come back shard by shard: the bits stay.</summary>
public class StreamingTests
{
    // Layers large enough to be stages of their own, some too small for that, and running statistics at the end of the vector.
    private static string Model(int width) => $$"""
        model { input = [1, 28, 28], layers = [
          { type = conv2d, out = 6, kernel = 3, padding = 1 }, batch-norm, relu, { type = max-pool, kernel = 2 }, flatten
          { type = linear, out = {{width}} }, relu, { type = dropout, p = 0.25 }, { type = linear, out = 512 }, relu, { type = linear, out = 10 } ] }
        data { format = digits, train = 100, test = 100 }
        """;

    [Theory]
    [InlineData("{ type = sgd, learning-rate = 0.05, momentum = 0.9 }", 1, 1, 128, "float32")]
    [InlineData("{ type = sgd, learning-rate = 0.05, momentum = 0.9 }", 3, 2, 128, "float32")]
    [InlineData("{ type = adam, learning-rate = 0.002, clip-norm = 0.5 }", 2, 2, 128, "float32")]
    // So wide that it is computed in two blocks of rows.
    [InlineData("{ type = sgd, learning-rate = 0.05, momentum = 0.9 }", 2, 2, 1024, "float32")]
    [InlineData("{ type = sgd, learning-rate = 0.05, momentum = 0.9 }", 2, 2, 1024, "bf16")]
    public async Task Streamed_layers_change_no_bit(string optimizer, int workers, int servers, int width, string precision)
    {
        using var folder = new TemporaryFolder();
        var job = Write(folder, optimizer, $"precision = {precision}", width);
        var still = await RunResult.UndisturbedAsync(job);
        var streamed = await StandingCluster.TrainAsync(job, "--workers", $"{workers}", "--servers", $"{servers}", "--set", "transport.same-host=tcp");
        Assert.Equal(still.WeightsSha256, streamed.WeightsSha256);
        Assert.Equal(still.StepLosses, streamed.StepLosses);
        Assert.Equal(still.TestLoss, streamed.TestLoss);
        var shards = streamed.Log.Where(line => line.GetProperty("event").GetString() == "shards-assigned")
            .Sum(line => line.GetProperty("fields").GetProperty("shards").GetString()!.Split(',').Length);
        Assert.True(shards > 2 * servers, $"{shards} shards");
    }

    [Fact]
    public async Task Checkpoints_of_streamed_steps_are_whole()
    {
        using var folder = new TemporaryFolder();
        var job = Write(folder, "{ type = adam, learning-rate = 0.002 }", "checkpoint { every-steps = 1, keep = 2 }");
        // Long enough for the coordinator to look whether a checkpoint is due.
        var still = await StandingCluster.TrainAsync(job, "--workers", "1", "--set", "epochs=60");
        var streamed = await StandingCluster.TrainAsync(job, "--workers", "2", "--servers", "2", "--set", "transport.same-host=tcp", "--set", "epochs=60");
        Assert.Equal(still.WeightsSha256, streamed.WeightsSha256);
        Assert.Contains(streamed.Log, line => line.GetProperty("event").GetString() == "checkpoint-written");
    }

    [Fact]
    public async Task A_gradient_that_is_not_finite_is_named_with_its_layer()
    {
        using var folder = new TemporaryFolder();
        var job = Write(folder, "{ type = sgd, learning-rate = 1e30 }");
        var ended = await TrainerProcess.RunAsync(
            folder.Path, "local", job, "--workers", "2", "--servers", "2", "--set", "transport.same-host=tcp", "--out", folder.In("run"));
        Assert.Equal(1, ended.Code);
        Assert.Matches(@"(is not a number|is infinite|is not finite|are not finite).*", ended.Error);
        Assert.Matches(@"(layer \d+, \w)", ended.Error);
    }

    private static string Write(TemporaryFolder folder, string optimizer, string more = "", int width = 128) => folder.Write(
        "streamed.hocon",
        string.Create(CultureInfo.InvariantCulture, $"seed = 3\n{Model(width)}\noptimizer {optimizer}\nepochs = 3\nbatch = 24\nslots = 8\nworkers = 1\n{more}\n"));
}
