namespace Distributed.EndToEnd.Tests;

/// <summary>Faults at every point of a step, of every role, that processes do to themselves: the result is that of the undisturbed run.</summary>
public sealed class ChaosTests : IDisposable
{
    private const int Epochs = 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("auto", "kill", 0)]
    [InlineData("tcp", "kill", 0)]
    [InlineData("auto", "pause", 6)]
    public async Task A_fault_at_any_point_of_a_step_costs_no_bit(string sameHost, string kind, int seconds)
    {
        string[] workerPhases = ["before-sending", "while-sending", "after-sending", "after-step"];
        string[] serverPhases = ["before-commit", "before-announcing", "while-checkpointing"];
        var faults = workerPhases.Select((phase, i) => Fault(kind, $"worker-{1 + (i % 2)}", 20 + (15 * i), phase, seconds))
            .Concat(serverPhases.Select((phase, i) => Fault(kind, "server-1", 100 + (40 * i), phase, seconds))).ToArray();
        folder.Write("plan.hocon", $"faults = [\n{string.Join('\n', faults)}\n]\n");
        // Longer pauses than this are taken for a loss.
        folder.Write("impatient.hocon", "trainer.deadlines.silence = 3s");

        await EndsUndisturbedAsync(
            "--chaos", "plan.hocon", "--config", "impatient.hocon", "--set", $"transport.same-host={sameHost}", "--set", "checkpoint.every-steps=8",
            "--set", "min-workers=2");

        Assert.Equal(faults.Length, File.ReadAllLines(folder.In("run/chaos.txt")).Length);
    }

    [Theory]
    [InlineData(1, 0.01)]
    public Task A_few_drawn_faults_cost_no_bit(int seed, double rate) => DrawnAsync(seed, rate, servers: 2, least: 3);

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public Task Three_hundred_steps_with_forty_drawn_faults_cost_no_bit(int seed) => DrawnAsync(seed, 0.05, servers: 1, least: 30);

    private async Task DrawnAsync(int seed, double rate, int servers, int least)
    {
        await EndsUndisturbedAsync(
            "--chaos-seed", $"{seed}", "--chaos-rate", rate.ToString(System.Globalization.CultureInfo.InvariantCulture), "--servers", $"{servers}",
            "--set", "checkpoint.every-steps=5", "--set", "min-workers=2");
        Assert.True(File.ReadAllLines(folder.In("run/chaos.txt")).Length >= least, File.ReadAllText(folder.In("run/chaos.txt")));
    }

    private async Task EndsUndisturbedAsync(params string[] arguments)
    {
        var job = SmallJob.Write(folder, epochs: Epochs);
        var undisturbed = await RunResult.TrainAsync(folder, job, "--workers", "2");
        using var trainer = TrainerProcess.Start(folder.Path, ["local", job, "--workers", "2", "--out", "run", .. arguments]);
        var ended = await trainer.EndAsync(10 * TrainerProcess.Patience);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        var run = new RunResult(folder.In("run"));
        Assert.Equal(undisturbed.WeightsSha256, run.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, run.StepLosses);
        var audit = await TrainerProcess.RunAsync(folder.Path, "audit", "run");
        Assert.True(audit.Code == 0, $"{audit.Output} {audit.Error}");
    }

    private static string Fault(string kind, string node, int step, string phase, int seconds) =>
        $"{{ kind = {kind}, node = {node}, step = {step}, phase = {phase}{(seconds > 0 ? $", seconds = {seconds}" : "")} }}";
}
