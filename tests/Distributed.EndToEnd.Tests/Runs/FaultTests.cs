using System.Text.Json;
using System.Text.RegularExpressions;

namespace Distributed.EndToEnd.Tests;

/// <summary>Real faults in real processes: whatever is lost, the run ends with the bits of the undisturbed one.</summary>
public sealed partial class FaultTests : IDisposable
{
    private const int Epochs = 40;

    /// <summary>Norms go over all shards in every update, so shards wait for each other.</summary>
    private const string Clipped = "{ type = sgd, learning-rate = 0.05, momentum = 0.9, clip-norm = 1 }";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(SmallJob.Momentum, 1, "auto", 4)]
    [InlineData(Clipped, 2, "tcp", 7)]
    [InlineData(Clipped, 2, "auto", 11)]
    public async Task Killed_workers_cost_no_bit_and_no_sample(string optimizer, int servers, string sameHost, int seed)
    {
        var job = SmallJob.Write(folder, optimizer: optimizer, epochs: Epochs);
        string[] settings = ["--servers", $"{servers}", "--set", $"transport.same-host={sameHost}"];
        var undisturbed = await RunResult.TrainAsync(folder, job, ["--workers", "2", .. settings]);

        using var trainer = Start(job, ["--workers", "3", .. settings]);
        var random = new Random(seed);
        // Two at once, then one of those that are left or have come back.
        await EpochAsync(trainer, random.Next(2, 5));
        TrainerProcess.Signal(trainer.Children()["worker-1"], TrainerProcess.Kill);
        TrainerProcess.Signal(trainer.Children()["worker-3"], TrainerProcess.Kill);
        await EpochAsync(trainer, random.Next(7, 12));
        TrainerProcess.Signal(trainer.Children()["worker-2"], TrainerProcess.Kill);

        await EndsLikeAsync(trainer, undisturbed);
        Assert.True(new RunResult(folder.In("run")).Summary.GetProperty("restarts").GetInt32() >= 3);
        Assert.All(Events("regrouped"), regrouped => Assert.InRange(int.Parse(Field(regrouped, "milliseconds")), 0, 30_000));
    }

    [Theory]
    [InlineData(1, "")]
    [InlineData(2, "checkpoint.every-steps=9")]
    public async Task Without_a_backup_a_killed_server_takes_the_run_back_to_its_last_checkpoint_and_to_the_same_bits(int servers, string checkpoints)
    {
        var job = SmallJob.Write(folder, optimizer: SmallJob.Adam, epochs: Epochs);
        var undisturbed = await RunResult.TrainAsync(folder, job, "--workers", "2");

        using var trainer = Start(
            job, ["--workers", "2", "--servers", $"{servers}", "--set", "backups=0", .. checkpoints.Length > 0 ? (string[])["--set", checkpoints] : []]);
        await EpochAsync(trainer, 5);
        TrainerProcess.Signal(trainer.Children()["server-1"], TrainerProcess.Kill);

        await EndsLikeAsync(trainer, undisturbed);
        var back = Events("went-back").First();
        var to = int.Parse(Field(back, "to"));
        Assert.True(checkpoints.Length > 0 ? to > 0 : to == 0, $"it went back to {to}");
        Assert.True(new RunResult(folder.In("run")).Summary.GetProperty("restarts").GetInt32() >= 1);
    }

    [Theory]
    [InlineData(SmallJob.Adam, 2, "auto")]
    [InlineData(Clipped, 3, "tcp")]
    [InlineData(SmallJob.MomentumInBfloat16, 2, "tcp")]
    public async Task With_backups_killed_servers_cost_no_step(string optimizer, int servers, string sameHost)
    {
        var job = SmallJob.Write(folder, optimizer: optimizer, epochs: 4 * Epochs);
        string[] settings =
            ["--workers", "2", "--servers", $"{servers}", "--set", $"transport.same-host={sameHost}", "--set", "evaluation.every-epochs=0"];
        var undisturbed = await RunResult.TrainAsync(folder, job, settings);

        using var trainer = Start(job, settings);
        await EpochAsync(trainer, 3);
        TrainerProcess.Signal(trainer.Children()["server-1"], TrainerProcess.Kill);
        // The first one's place is taken by another process of that name: only with its copies the second one can be spared.
        await trainer.UntilItPrintsAsync("server-1 joins as a server");
        await trainer.UntilAsync(() => Events("regrouped").Count() == 2, "the shards on both servers");
        TrainerProcess.Signal(trainer.Children()["server-2"], TrainerProcess.Kill);

        await EndsLikeAsync(trainer, undisturbed, 4 * Epochs);
        Assert.Empty(Events("went-back"));
        Assert.Equal(2, Events("backups-promoted").Count());
    }

    [Theory]
    [InlineData("worker-2", "worker")]
    [InlineData("server-1", "server")]
    public async Task A_node_that_stands_still_is_fenced_and_comes_back(string node, string role)
    {
        var job = SmallJob.Write(folder, epochs: Epochs);
        var undisturbed = await RunResult.TrainAsync(folder, job, "--workers", "2");
        File.WriteAllText(folder.In("impatient.hocon"), "trainer.deadlines.silence = 4s");

        using var trainer = Start(job, ["--workers", "2", "--config", "impatient.hocon"]);
        await EpochAsync(trainer, 3);
        var paused = trainer.Children()[node];
        TrainerProcess.Signal(paused, TrainerProcess.Stop);
        await trainer.UntilItPrintsAsync($"{node} is lost: no word of it for");
        TrainerProcess.Signal(paused, TrainerProcess.Continue);

        await EndsLikeAsync(trainer, undisturbed);
        Assert.Contains(Events("member-lost"), lost => Field(lost, "node") == node && Field(lost, "role") == role);
        // The same process, not another one of its name.
        Assert.Single(Events("node-joined"), joined => Field(joined, "node") == node);
    }

    [Fact]
    public async Task Below_its_minimum_a_run_waits_and_a_node_that_joins_is_given_slots()
    {
        var job = SmallJob.Write(folder, epochs: Epochs);
        var undisturbed = await RunResult.TrainAsync(folder, job, "--workers", "2");

        using var trainer = Start(job, ["--workers", "1", "--set", "max-workers=2"]);
        await EpochAsync(trainer, 2);
        using var joining = TrainerProcess.Start(folder.Path, "node", "--role", "worker", "--name", "late", "--seed", Field(Events("node-started").First(), "address"));
        await trainer.UntilItPrintsAsync("late joins");
        await trainer.UntilItPrintsAsync("with 2 workers");

        await EndsLikeAsync(trainer, undisturbed);
        Assert.Contains(Events("slots-leased"), leased => Field(leased, "node") == "late" && Field(leased, "slots") is "0-1" or "2-3");
    }

    private TrainerProcess Start(string job, string[] arguments) => TrainerProcess.Start(folder.Path, ["local", job, "--out", "run", .. arguments]);

    private static Task EpochAsync(TrainerProcess trainer, int epoch) => trainer.UntilItPrintsAsync($"epoch {epoch}/");

    /// <summary>The run ends, with the undisturbed run's bits in every step, and a clean ledger.</summary>
    private async Task EndsLikeAsync(TrainerProcess trainer, RunResult undisturbed, int epochs = Epochs)
    {
        var ended = await trainer.EndAsync(TrainerProcess.Patience);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        var run = new RunResult(folder.In("run"));
        Assert.Equal(undisturbed.WeightsSha256, run.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, run.StepLosses);
        Assert.Equal(undisturbed.TestLoss, run.TestLoss);
        var audit = await TrainerProcess.RunAsync(folder.Path, "audit", "run");
        Assert.True(audit.Code == 0, $"{audit.Output} {audit.Error}");
        Assert.Equal(epochs, Counted().Count(audit.Output));
    }

    private IEnumerable<JsonElement> Events(string name) =>
        File.ReadLines(folder.In("run/cluster.log")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(entry => entry.GetProperty("event").GetString() == name);

    private static string Field(JsonElement entry, string name) => entry.GetProperty("fields").GetProperty(name).GetString()!;

    [GeneratedRegex("each counted once")]
    private static partial Regex Counted();
}
