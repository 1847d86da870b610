using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>A run that was interrupted goes on to the bits of the undisturbed run.</summary>
public sealed class ResumeTests : IDisposable
{
    private const int Epochs = 30;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_run_that_is_interrupted_in_an_epoch_ends_with_the_same_bits_on_other_workers_and_servers()
    {
        // Adam has two moments to keep, and bfloat16 the weights as float32, too.
        var job = SmallJob.Write(folder, optimizer: SmallJob.Adam + SmallJob.InBfloat16, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        var version = await InterruptAsync(job);

        var ended = await TrainerProcess.RunAsync(folder.Path, "resume", "run", "--workers", "3", "--servers", "2");

        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        Assert.Contains($"resuming from step {version}: ", ended.Output);
        var resumed = new RunResult(folder.In("run"));
        Assert.Equal(undisturbed.WeightsSha256, resumed.WeightsSha256);
        Assert.Equal(undisturbed.TestLoss, resumed.TestLoss);
        Assert.Equal(undisturbed.StepLosses, resumed.StepLosses);
        Assert.Equal(Evaluations(undisturbed), Evaluations(resumed));
        Assert.Equal(undisturbed.Summary.GetProperty("samplesSeen").GetInt64(), resumed.Summary.GetProperty("samplesSeen").GetInt64());
        Assert.Equal(1, resumed.Summary.GetProperty("restarts").GetInt32());

        await AuditAsync(0);

        var again = await TrainerProcess.RunAsync(folder.Path, "resume", "run");
        Assert.Equal((2, "trainer: run: the run is complete; there is nothing to resume"), (again.Code, again.Error));
    }

    [Fact]
    public async Task A_damaged_newest_checkpoint_is_named_and_the_one_before_is_used()
    {
        var job = SmallJob.Write(folder, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        var first = await InterruptAsync(job);
        var second = await InterruptAsync(null, first);
        Assert.True(second > first);
        var damaged = Path.Combine(folder.In("run/checkpoints"), $"version-{second:D9}", "weights.safetensors");
        using (var file = File.OpenWrite(damaged))
        {
            file.Position = file.Length / 2;
            file.Write([0x55, 0xAA, 0x55, 0xAA]);
        }

        var ended = await TrainerProcess.RunAsync(folder.Path, "resume", "run");

        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        Assert.Contains("version-" + $"{second:D9}/weights.safetensors: its SHA-256 is not that of the manifest", ended.Output);
        Assert.Contains($"resuming from step {first}: ", ended.Output);
        var resumed = new RunResult(folder.In("run"));
        Assert.Equal(undisturbed.WeightsSha256, resumed.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, resumed.StepLosses);
        Assert.Equal(2, resumed.Summary.GetProperty("restarts").GetInt32());
        await AuditAsync(0);
    }

    [Fact]
    public async Task A_run_that_was_killed_goes_on_from_its_newest_periodic_checkpoint()
    {
        var job = SmallJob.Write(folder, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        using (var trainer = TrainerProcess.Start(
            folder.Path, "local", job, "--workers", "2", "--servers", "2", "--out", "run", "--set", "checkpoint.every-steps=7", "--set", "checkpoint.keep=2"))
        {
            await trainer.UntilAsync(HasCheckpoint, "a checkpoint");
            trainer.Signal(TrainerProcess.Kill);
            await trainer.EndAsync(TrainerProcess.Patience);
        }

        var ended = await TrainerProcess.RunAsync(folder.Path, "resume", "run", "--servers", "1");

        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        var resumed = new RunResult(folder.In("run"));
        Assert.Equal(undisturbed.WeightsSha256, resumed.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, resumed.StepLosses);
        Assert.InRange(Directory.GetFileSystemEntries(folder.In("run/checkpoints")).Length, 1, 2);
        await AuditAsync(0);

        // One record less: a step's samples are not counted.
        var ledger = folder.In("run/ledger/steps.txt");
        File.WriteAllLines(ledger, File.ReadAllLines(ledger)[..^1]);
        await AuditAsync(1);

        bool HasCheckpoint() => Directory.Exists(folder.In("run/checkpoints")) && Directory.GetDirectories(folder.In("run/checkpoints")).Any(checkpoint => !Path.HasExtension(checkpoint));
    }

    [Fact]
    public async Task A_checkpoint_that_can_not_be_written_is_a_warning_and_changes_no_bit()
    {
        var job = SmallJob.Write(folder, epochs: Epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        Directory.CreateDirectory(folder.In("run"));
        folder.Write("run/checkpoints", "a file where the folder belongs");

        var ended = await TrainerProcess.RunAsync(folder.Path, "local", job, "--workers", "2", "--out", "run", "--set", "checkpoint.every-steps=5");

        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        Assert.Contains("warning: the checkpoint of step", ended.Output);
        Assert.Equal(undisturbed.WeightsSha256, new RunResult(folder.In("run")).WeightsSha256);
    }

    [Theory]
    [InlineData("nowhere", "nowhere: expected the folder of a run; there is no job.hocon in it")]
    [InlineData("empty", "empty: there is no checkpoint to resume from")]
    public async Task What_can_not_be_resumed_is_one_line(string run, string line)
    {
        Directory.CreateDirectory(folder.In("empty"));
        folder.Write("empty/job.hocon", "");
        var ended = await TrainerProcess.RunAsync(folder.Path, "resume", run);
        Assert.Equal((2, $"trainer: {line}"), (ended.Code, ended.Error));
    }

    private async Task AuditAsync(int code)
    {
        var audit = await TrainerProcess.RunAsync(folder.Path, "audit", "run");
        Assert.True(audit.Code == code, $"exit code {audit.Code}: {audit.Error} {audit.Output}");
        Assert.Equal(code == 0 ? Epochs : Epochs - 1, audit.Output.Split('\n').Count(line => line.EndsWith(": 500 samples, each counted once", StringComparison.Ordinal)));
        Assert.Equal(code == 0, audit.Error.Length == 0);
    }

    private static string ReadShared(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    /// <summary>Starts or resumes a run, and interrupts it in the middle of its next epoch or soon after; returns the checkpoint's version.</summary>
    /// <summary>Interrupts a run once it has evaluated a version beyond <paramref name="beyond"/>; returns that of its checkpoint.</summary>
    private async Task<long> InterruptAsync(string? job, long beyond = 0)
    {
        string[] arguments = job is null ? ["resume", "run"] : ["local", job, "--workers", "2", "--out", "run"];
        using var trainer = TrainerProcess.Start(folder.Path, arguments);
        await trainer.UntilAsync(HasEvaluated, $"an evaluation beyond version {beyond}");
        trainer.Signal(TrainerProcess.Interrupt);
        var ended = await trainer.EndAsync(TrainerProcess.Patience);
        Assert.True(ended.Code == 130, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        var checkpoint = Directory.GetDirectories(folder.In("run/checkpoints")).Order(StringComparer.Ordinal).Last();
        return long.Parse(Path.GetFileName(checkpoint)["version-".Length..], System.Globalization.CultureInfo.InvariantCulture);

        // Evaluations are there at once, unlike the events of the cluster's log.
        bool HasEvaluated() => File.Exists(folder.In("run/metrics.jsonl")) && ReadShared(folder.In("run/metrics.jsonl")).Split('\n')[..^1]
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Any(line => line.GetProperty("kind").GetString() == "evaluation" && line.GetProperty("version").GetInt64() > beyond);
    }

    private static List<(int, double)> Evaluations(RunResult run) =>
    [
        .. run.Metrics.Where(line => line.GetProperty("kind").GetString() == "evaluation")
            .Select(line => (line.GetProperty("version").GetInt32(), line.GetProperty("loss").GetDouble())),
    ];
}
