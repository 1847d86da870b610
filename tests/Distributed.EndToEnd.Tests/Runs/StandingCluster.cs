namespace Distributed.EndToEnd.Tests;

/// <summary>
/// A cluster that stays for all tests: a job that needs no processes of its own costs its training alone. Its nodes end with the tests.
/// </summary>
internal static class StandingCluster
{
    private static readonly TemporaryFolder folder = new();
    private static readonly SemaphoreSlim free = new(1);
    private static TestCluster? cluster;

    static StandingCluster() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        cluster?.Dispose();
        folder.Dispose();
    };

    /// <summary>Where its nodes look for data.</summary>
    public static string Data => folder.Path;

    /// <summary>Writes a file of data, where its nodes look for data.</summary>
    public static void Write(string name, string text) => folder.Write(name, text);

    /// <summary>Trains a job with up to four workers and three servers, and reads what it left; the run stays until the tests end.</summary>
    public static async Task<RunResult> TrainAsync(string job, params string[] arguments)
    {
        // It does one job at a time.
        await free.WaitAsync();
        try
        {
            cluster ??= await StartAsync();
            Directory.CreateDirectory(folder.In("runs"));
            var before = Directory.GetDirectories(folder.In("runs"));
            using var submitter = cluster.Submit(job, "coordinator-1", arguments);
            var ended = await submitter.EndAsync(TrainerProcess.Patience);
            Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
            Assert.Empty(ended.Error);
            return new RunResult(Assert.Single(Directory.GetDirectories(folder.In("runs")).Except(before)));
        }
        finally
        {
            free.Release();
        }
    }

    private static async Task<TestCluster> StartAsync()
    {
        var started = new TestCluster(folder, "");
        string[] server = ["--role", "server"];
        await started.FoundAsync("coordinator-1", 0, [.. server, "--role", "worker"]);
        string[] others = ["worker-2", "worker-3", "worker-4"];
        foreach (var name in others)
            started.Start(name, 0, name == others[^1] ? [] : server);
        foreach (var name in others)
            await started.JoinedAsync(started["coordinator-1"], name);
        return started;
    }
}
