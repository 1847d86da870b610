namespace Distributed.EndToEnd.Tests;

/// <summary>The result is a function of the job and its data, whoever computes it.</summary>
public sealed class SameBitsTests
{
    [Theory]
    [InlineData(4, 1, "auto")]
    [InlineData(2, 3, "auto")]
    [InlineData(3, 3, "tcp")]
    public async Task Workers_servers_and_transport_change_no_bit(int workers, int servers, string transport)
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        var run = await StandingCluster.TrainAsync(
            job, "--workers", $"{workers}", "--servers", $"{servers}", "--set", $"transport.same-host={transport}");

        Assert.Equal(undisturbed.WeightsSha256, run.WeightsSha256);
        Assert.Equal(undisturbed.TestLoss, run.TestLoss);
        Assert.Equal(undisturbed.StepLosses, run.StepLosses);
        var links = run.Log.Where(line => line.GetProperty("event").GetString() == "worker-ready")
            .Select(line => line.GetProperty("fields").GetProperty("links").GetString()!).ToArray();
        Assert.Equal(workers, links.Length);
        Assert.All(links, link => Assert.Contains(transport == "tcp" ? ":tcp" : ":shared-memory", link));
    }

    [Fact]
    public async Task Another_seed_gives_other_bits()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder);
        Assert.NotEqual(
            (await RunResult.UndisturbedAsync(job)).WeightsSha256, (await StandingCluster.TrainAsync(job, "--set", "seed=8")).WeightsSha256);
    }
}
