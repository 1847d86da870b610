namespace Distributed.EndToEnd.Tests;

/// <summary>The result is a function of the job and its data, whoever computes it.</summary>
public sealed class SameBitsTests(SameBitsTests.OneWorker reference) : IClassFixture<SameBitsTests.OneWorker>
{
    [Theory]
    [InlineData(4, 1, "auto")]
    [InlineData(2, 3, "auto")]
    [InlineData(3, 3, "tcp")]
    public async Task Workers_servers_and_transport_change_no_bit(int workers, int servers, string transport)
    {
        using var folder = new TemporaryFolder();
        var run = await RunResult.TrainAsync(
            folder, SmallJob.Write(folder), "--workers", $"{workers}", "--servers", $"{servers}", "--set", $"transport.same-host={transport}");

        Assert.Equal(reference.Run.WeightsSha256, run.WeightsSha256);
        Assert.Equal(reference.Run.TestLoss, run.TestLoss);
        Assert.Equal(reference.Run.StepLosses, run.StepLosses);
        var links = run.Log.Where(line => line.GetProperty("event").GetString() == "worker-ready")
            .Select(line => line.GetProperty("fields").GetProperty("links").GetString()!).ToArray();
        Assert.Equal(workers, links.Length);
        Assert.All(links, link => Assert.Contains(transport == "tcp" ? ":tcp" : ":shared-memory", link));
    }

    [Fact]
    public async Task Another_seed_gives_other_bits()
    {
        using var folder = new TemporaryFolder();
        Assert.NotEqual(reference.Run.WeightsSha256, (await RunResult.TrainAsync(folder, SmallJob.Write(folder), "--set", "seed=8")).WeightsSha256);
    }

    /// <summary>The run that the others are compared with: one worker has all four slots.</summary>
    public sealed class OneWorker : IAsyncLifetime
    {
        private readonly TemporaryFolder folder = new();

        internal RunResult Run { get; private set; } = null!;

        public async Task InitializeAsync() => Run = await RunResult.TrainAsync(folder, SmallJob.Write(folder));

        public Task DisposeAsync()
        {
            folder.Dispose();
            return Task.CompletedTask;
        }
    }
}
