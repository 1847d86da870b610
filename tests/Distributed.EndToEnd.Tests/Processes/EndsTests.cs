using System.Diagnostics;
using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>Ways in which a run ends before its last step.</summary>
public sealed class EndsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(TrainerProcess.Interrupt)]
    [InlineData(TrainerProcess.Terminate)]
    public async Task A_signal_in_training_leaves_a_checkpoint_and_no_child(int signal)
    {
        using var trainer = await TrainAsync();

        trainer.Signal(signal);

        var ended = await trainer.EndAsync(TrainerProcess.Patience);
        Assert.Equal(130, ended.Code);
        Assert.Empty(trainer.Children());
        Assert.Matches("^trainer: stopped at step [0-9]+; checkpoint in [^\n]+/checkpoints/version-[0-9]{9}$", ended.Error);
        var checkpoint = Assert.Single(Directory.GetDirectories(folder.In("run/checkpoints")));
        Assert.Equal(
            ["job.hocon", "manifest.json", "optimizer-0000.bin", "weights.safetensors"],
            Directory.GetFiles(checkpoint).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var run = new RunResult(folder.In("run"));
        Assert.Equal("interrupted", run.Summary.GetProperty("status").GetString());
        var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(checkpoint, "manifest.json"))).RootElement;
        Assert.Equal(run.StepLosses.Length, manifest.GetProperty("version").GetInt64());
    }

    [Fact]
    public async Task An_ignored_interrupt_is_heard_as_in_a_background_job_of_a_script()
    {
        using var shell = TrainerProcess.StartWithInterruptIgnored(folder.Path, "node", "--role", "coordinator");
        await shell.UntilItPrintsAsync("node-started");
        shell.Signal(TrainerProcess.Interrupt);
        Assert.Equal(0, (await shell.EndAsync(TrainerProcess.Patience)).Code);
    }

    [Fact]
    public async Task A_second_signal_ends_everything_at_once()
    {
        using var trainer = await TrainAsync();
        // A worker that stands still keeps the first signal's checkpoint from coming.
        TrainerProcess.Signal(trainer.Children()["worker-1"], TrainerProcess.Stop);
        trainer.Signal(TrainerProcess.Interrupt);
        await trainer.UntilItPrintsAsync("interrupted: ending in order (once more ends at once)");

        trainer.Signal(TrainerProcess.Interrupt);

        Assert.Equal(130, (await trainer.EndAsync(TimeSpan.FromSeconds(10))).Code);
        await NobodyIsLeft(trainer);
    }

    [Fact]
    public async Task The_children_of_a_killed_process_end_by_themselves()
    {
        using var trainer = await TrainAsync();
        Assert.Equal(["server-1", "worker-1", "worker-2"], trainer.Children().Keys.Order(StringComparer.Ordinal));

        trainer.Signal(TrainerProcess.Kill);

        await NobodyIsLeft(trainer);
    }

    /// <summary>A run of two workers that has made steps and would go on for minutes.</summary>
    private async Task<TrainerProcess> TrainAsync()
    {
        var job = SmallJob.Write(folder, epochs: 100_000);
        var trainer = TrainerProcess.Start(folder.Path, "local", job, "--workers", "2", "--out", "run");
        try
        {
            await trainer.UntilItPrintsAsync("epoch 1/");
        }
        catch
        {
            trainer.Dispose();
            throw;
        }

        return trainer;
    }

    private static async Task NobodyIsLeft(TrainerProcess trainer)
    {
        var since = Stopwatch.StartNew();
        while (trainer.Children() is { Count: > 0 } left)
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(10), $"{string.Join(", ", left)} still there");
            await Task.Delay(50);
        }
    }
}
