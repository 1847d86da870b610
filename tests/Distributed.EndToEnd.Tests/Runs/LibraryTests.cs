using System.Text.RegularExpressions;

namespace Distributed.EndToEnd.Tests;

/// <summary>The trainer inside another program: the example that ships.</summary>
public class LibraryTests
{
    [Fact]
    public async Task A_programs_own_module_trains_to_the_same_bits_with_any_number_of_its_processes()
    {
        using var folder = new TemporaryFolder();
        var one = await RunAsync(folder, "1");
        var three = await RunAsync(folder, "3");

        Assert.True(one.Accuracy > 95, $"{one.Accuracy} % right");
        Assert.Equal(one, three);
        // The parameters keep the names that the module's own fields give them.
        var run = Assert.Single(Directory.GetDirectories(folder.In("runs"), "*-*")[..1]);
        Assert.Contains("\"first.weight\"", File.ReadAllText(Path.Combine(run, "model.safetensors")));
    }

    [Fact]
    public async Task A_cancelled_training_leaves_a_checkpoint_and_no_process()
    {
        using var folder = new TemporaryFolder();
        using var program = TrainerProcess.StartExample(folder.Path, "2", "100000");
        await program.UntilAsync(() => Directory.Exists(folder.In("runs")) && Directory.GetFiles(folder.In("runs"), "metrics.jsonl", SearchOption.AllDirectories)
            .Any(file => new FileInfo(file).Length > 0), "the first steps");

        program.Signal(TrainerProcess.Interrupt);

        var ended = await program.EndAsync(TrainerProcess.Patience);
        Assert.Equal((130, ""), (ended.Code, ended.Error));
        Assert.Empty(program.Children());
        var run = Assert.Single(Directory.GetDirectories(folder.In("runs")));
        Assert.Equal($"spirals: cancelled; {Path.GetRelativePath(folder.Path, run)} has a checkpoint", ended.Output);
        Assert.Equal("interrupted", new RunResult(run).Summary.GetProperty("status").GetString());
        var checkpoint = Assert.Single(Directory.GetDirectories(Path.Combine(run, "checkpoints")));
        Assert.True(File.Exists(Path.Combine(checkpoint, "manifest.json")));
    }

    private static async Task<(string Sha256, double Accuracy)> RunAsync(TemporaryFolder folder, string workers)
    {
        using var program = TrainerProcess.StartExample(folder.Path, workers);
        var ended = await program.EndAsync(TrainerProcess.Patience);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        Assert.Empty(program.Children());
        var told = Regex.Match(ended.Output, "test accuracy ([0-9.]+) ?%, fingerprint ([0-9a-f]{64})");
        Assert.True(told.Success, ended.Output);
        return (told.Groups[2].Value, double.Parse(told.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
    }
}
