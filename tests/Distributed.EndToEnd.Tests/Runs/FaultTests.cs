using System.Text.Json;
using System.Text.RegularExpressions;

namespace Distributed.EndToEnd.Tests;

/// <summary>Real faults in real processes: whatever is lost, the run ends with the bits of the undisturbed one.</summary>
public sealed partial class FaultTests : IDisposable
{
    /// <summary>Enough for a process to come back before the end.</summary>
    private const int Epochs = 30;

    /// <summary>Norms go over all shards in every update, so shards wait for each other.</summary>
    private const string Clipped = "{ type = sgd, learning-rate = 0.05, momentum = 0.9, clip-norm = 1 }";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Killed_workers_cost_no_bit_and_no_sample()
    {
        var job = SmallJob.Write(folder, optimizer: Clipped, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);

        using var trainer = Start(job, ["--workers", "3", "--servers", "2"]);
        // Two at once, then one of those that are left or have come back.
        await EpochAsync(trainer, 3);
        TrainerProcess.Signal(trainer.Children()["worker-1"], TrainerProcess.Kill);
        TrainerProcess.Signal(trainer.Children()["worker-3"], TrainerProcess.Kill);
        await EpochAsync(trainer, 8);
        TrainerProcess.Signal(trainer.Children()["worker-2"], TrainerProcess.Kill);

        await EndsLikeAsync(trainer, undisturbed);
        Assert.True(new RunResult(folder.In("run")).Summary.GetProperty("restarts").GetInt32() >= 3);
    }

    [Fact]
    public async Task Without_a_backup_a_killed_server_takes_the_run_back_to_its_last_checkpoint_and_to_the_same_bits()
    {
        var job = SmallJob.Write(folder, optimizer: SmallJob.Adam, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);

        // Between two checkpoints.
        folder.Write("plan.hocon", "faults = [{ kind = kill, node = server-1, step = 380, phase = before-commit }]");
        using var trainer = Start(
            job, ["--workers", "2", "--servers", "2", "--chaos", "plan.hocon", "--set", "backups=0", "--set", "checkpoint.every-steps=200"]);
        await EndsLikeAsync(trainer, undisturbed);
        // A checkpoint is of the first step at which everybody can be held.
        Assert.InRange(int.Parse(Field(Assert.Single(Events("went-back")), "to")), 200, 379);
        Assert.True(new RunResult(folder.In("run")).Summary.GetProperty("restarts").GetInt32() >= 1);
    }

    [Fact]
    public async Task With_backups_killed_servers_cost_no_step()
    {
        var job = SmallJob.Write(folder, optimizer: Clipped, epochs: 2 * Epochs);
        string[] settings =
            ["--workers", "2", "--servers", "3", "--set", "transport.same-host=tcp", "--set", "evaluation.every-epochs=0",
                "--set", "min-workers=2"];
        var undisturbed = await RunResult.UndisturbedAsync(job);

        using var trainer = Start(job, settings);
        await trainer.UntilItPrintsAsync("epoch ");
        // Training waits for the worker, and so for the server, too, whose place is taken by another process of that name.
        TrainerProcess.Signal(trainer.Children()["worker-2"], TrainerProcess.Kill);
        TrainerProcess.Signal(trainer.Children()["server-1"], TrainerProcess.Kill);
        await trainer.UntilItPrintsAsync("server-1 joins as a server");
        // Only with its copies the second one can be spared.
        await trainer.UntilItPrintsAsync("going on from step", after: "server-1 joins as a server");
        TrainerProcess.Signal(trainer.Children()["server-2"], TrainerProcess.Kill);

        await EndsLikeAsync(trainer, undisturbed, 2 * Epochs);
        Assert.Empty(Events("went-back"));
        Assert.Equal(2, Events("backups-promoted").Count());
    }

    [Fact]
    public async Task A_worker_that_stands_still_is_fenced_and_comes_back()
    {
        var job = SmallJob.Write(folder, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        folder.Write("impatient.hocon", "trainer.deadlines.silence = 3s");

        using var trainer = Start(job, ["--workers", "2", "--config", "impatient.hocon"]);
        await EpochAsync(trainer, 3);
        var paused = trainer.Children()["worker-2"];
        TrainerProcess.Signal(paused, TrainerProcess.Stop);
        await trainer.UntilItPrintsAsync("worker-2 is lost: no word of it for");
        TrainerProcess.Signal(paused, TrainerProcess.Continue);

        await EndsLikeAsync(trainer, undisturbed);
        Assert.Contains(Events("member-lost"), lost => (Field(lost, "node"), Field(lost, "role")) == ("worker-2", "worker"));
        // The same process, not another one of its name.
        Assert.Single(Events("node-joined"), joined => Field(joined, "node") == "worker-2");
    }

    [Fact]
    public async Task Nodes_that_are_told_to_end_cost_no_step_and_no_bit()
    {
        var job = SmallJob.Write(folder, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);

        using var trainer = Start(job, ["--workers", "2", "--servers", "2"]);
        await EpochAsync(trainer, 2);
        TrainerProcess.Signal(trainer.Children()["worker-1"], TrainerProcess.Terminate);
        await trainer.UntilItPrintsAsync("worker-1 leaves");
        await trainer.UntilItPrintsAsync("going on from step");
        TrainerProcess.Signal(trainer.Children()["server-1"], TrainerProcess.Terminate);
        await trainer.UntilItPrintsAsync("server-1 leaves");

        await EndsLikeAsync(trainer, undisturbed);
        Assert.Empty(Events("member-lost"));
        Assert.Empty(Events("went-back"));
        // A third time where another process of the name server-1 comes in time to take its part.
        Assert.InRange(Events("shards-assigned").Count(assigned => Field(assigned, "node") == "server-2"), 2, 3);
        Assert.Equal(0, new RunResult(folder.In("run")).Summary.GetProperty("restarts").GetInt32());
    }

    [Fact]
    public async Task A_run_can_be_stopped_from_another_terminal_and_has_a_checkpoint()
    {
        var job = SmallJob.Write(folder, epochs: 1000);
        using var trainer = Start(job, ["--workers", "1"]);
        await TellsItsAddressAsync(trainer);
        // Before its first step it would have nothing to keep.
        await EpochAsync(trainer, 1);
        var stopped = await TrainerProcess.RunAsync(folder.Path, "stop", "run");
        Assert.True(stopped.Code == 0, $"{stopped.Output} {stopped.Error}");
        Assert.StartsWith("small was asked to stop", stopped.Output, StringComparison.Ordinal);
        Assert.Equal(130, (await trainer.EndAsync(TrainerProcess.Patience)).Code);
        Assert.Single(Directory.GetDirectories(folder.In("run/checkpoints")));

        var again = await TrainerProcess.RunAsync(folder.Path, "stop", "run");
        Assert.Equal((2, "trainer: run: the run has ended"), (again.Code, again.Error.Trim()));
    }

    [Fact]
    public async Task Below_its_minimum_a_run_waits_and_a_node_that_joins_is_given_slots()
    {
        const int epochs = 4;
        var job = SmallJob.Write(folder, epochs: epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);

        using var cluster = new TestCluster(folder, "");
        var plan = cluster.Plan("{ kind = kill, node = worker-2, step = 20, phase = while-sending }");
        await cluster.FoundAsync("coordinator-1");
        foreach (var name in (string[])["server-1", "worker-1", "worker-2"])
            cluster.Start(name, 0, plan);
        using var submitter = cluster.Submit(job, "coordinator-1", "--workers", "2", "--set", "min-workers=2");
        await submitter.UntilItPrintsAsync("waiting for nodes: it needs 2 workers");
        cluster.Start("worker-3");

        await cluster.EndsLikeAsync(submitter, undisturbed, epochs);
        Assert.NotEmpty(cluster.Events("waiting-for-members"));
        Assert.Contains(cluster.Events("slots-leased"), leased => Field(leased, "node") == "worker-3" && Field(leased, "slots") is "0-1" or "2-3");
    }

    private TrainerProcess Start(string job, string[] arguments) => TrainerProcess.Start(folder.Path, ["local", job, "--out", "run", .. arguments]);

    private Task TellsItsAddressAsync(TrainerProcess trainer) =>
        trainer.UntilAsync(() => File.Exists(folder.In("run/cluster.log")) && Events("node-started").Any(), "the coordinator's address in the log");

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
