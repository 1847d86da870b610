namespace Distributed.EndToEnd.Tests;

/// <summary>Faults at every point of a step, of every role, that processes do to themselves: the result is that of the undisturbed run.</summary>
public sealed class ChaosTests : IDisposable
{
    /// <summary>An epoch has 16 steps.</summary>
    private const int Epochs = 10;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // Workers in pairs, so that one test waits for few processes: what one does in a step, the other does at another point of the same step.
    [Theory]
    [InlineData("auto", 1, "cnn", SmallJob.Momentum)]
    // The second homes take over what the first ones make.
    [InlineData("auto", 2, "cnn", SmallJob.Momentum)]
    [InlineData("tcp", 2, "norm", SmallJob.Everything)]
    public async Task Processes_killed_at_every_point_of_a_step_cost_no_bit(string sameHost, int servers, string model, string optimizer)
    {
        string[] faults =
        [
            "{ kind = kill, node = worker-1, step = 20, phase = before-sending }", "{ kind = kill, node = worker-2, step = 20, phase = after-sending }",
            "{ kind = kill, node = worker-1, step = 40, phase = while-sending }", "{ kind = kill, node = worker-2, step = 40, phase = after-step }",
            "{ kind = kill, node = server-1, step = 60, phase = before-commit }",
            "{ kind = kill, node = server-1, step = 80, phase = before-announcing }",
            "{ kind = kill, node = server-1, step = 100, phase = while-checkpointing }",
        ];
        // Of two servers the one that was killed may not be back when the shards are made again: then it is the other's turn.
        if (servers == 2)
            faults = [.. faults, .. faults[^2..].Select(fault => fault.Replace("server-1", "server-2", StringComparison.Ordinal))];
        var done = await EndsUndisturbedAsync(
            SmallJob.Write(folder, model, optimizer, Epochs), Plan(faults), "--servers", $"{servers}", "--set", $"transport.same-host={sameHost}", "--set",
            "checkpoint.every-steps=8", "--set", "min-workers=2");
        Assert.All(
            (string[])["before-sending", "after-sending", "while-sending", "after-step", "before-commit", "before-announcing", "while-checkpointing"],
            phase => Assert.Contains(done, line => line.EndsWith(phase, StringComparison.Ordinal)));
    }

    [Fact]
    public Task Processes_that_stand_still_at_a_point_of_a_step_cost_no_bit()
    {
        // Longer pauses than this are taken for a loss.
        folder.Write("impatient.hocon", "trainer.deadlines.silence = 2s");
        return EndsAfterPausesAsync(
            5,
            [("worker-1", 20, "while-sending"), ("worker-2", 60, "after-sending"), ("server-1", 80, "before-announcing"), ("server-1", 100, "while-checkpointing")],
            "--config", "impatient.hocon");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public Task Processes_that_stand_still_for_twenty_seconds_at_any_point_of_a_step_cost_no_bit() => EndsAfterPausesAsync(
        20,
        [
            ("worker-1", 20, "before-sending"), ("worker-2", 40, "while-sending"), ("worker-1", 60, "after-sending"), ("worker-2", 80, "after-step"),
            ("server-1", 100, "before-commit"), ("server-2", 120, "before-announcing"), ("server-1", 140, "while-checkpointing"),
        ],
        "--servers", "2");

    [Fact]
    public Task Three_hundred_steps_with_forty_drawn_faults_cost_no_bit() => DrawnFaultsCostNoBitAsync(1);

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public Task Three_hundred_steps_with_other_drawn_faults_cost_no_bit(int seed) => DrawnFaultsCostNoBitAsync(seed);

    private async Task DrawnFaultsCostNoBitAsync(int seed)
    {
        var done = await EndsUndisturbedAsync(
            SmallJob.Write(folder, epochs: 2 * Epochs), ["--chaos-seed", $"{seed}", "--chaos-rate", "0.05"], "--set", "checkpoint.every-steps=5", "--set",
            "min-workers=2");
        Assert.True(done.Length >= 30, string.Join('\n', done));
    }

    private async Task EndsAfterPausesAsync(int seconds, (string Node, int Step, string Phase)[] points, params string[] settings)
    {
        var plan = Plan([.. points.Select(point => $"{{ kind = pause, node = {point.Node}, step = {point.Step}, phase = {point.Phase}, seconds = {seconds} }}")]);
        var done = await EndsUndisturbedAsync(
            SmallJob.Write(folder, epochs: Epochs), plan, [.. settings, "--set", "checkpoint.every-steps=8", "--set", "min-workers=2"]);
        Assert.Equal(points.Length, done.Length);
    }

    private string[] Plan(string[] faults) => ["--chaos", folder.Write("plan.hocon", $"faults = [\n{string.Join('\n', faults)}\n]\n")];

    /// <summary>Trains with faults and without, compares all that can be compared, and returns the faults that were done.</summary>
    private async Task<string[]> EndsUndisturbedAsync(string job, string[] chaos, params string[] settings)
    {
        var undisturbed = await RunResult.UndisturbedAsync(job);
        using var trainer = TrainerProcess.Start(folder.Path, ["local", job, "--workers", "2", "--out", "run", .. chaos, .. settings]);
        var ended = await trainer.EndAsync(10 * TrainerProcess.Patience);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        var run = new RunResult(folder.In("run"));
        Assert.Equal(undisturbed.WeightsSha256, run.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, run.StepLosses);
        Assert.Equal(undisturbed.TestLoss, run.TestLoss);
        Assert.Equal(Rates(undisturbed), Rates(run));
        var audit = await TrainerProcess.RunAsync(folder.Path, "audit", "run");
        Assert.True(audit.Code == 0, $"{audit.Output} {audit.Error}");
        return File.ReadAllLines(folder.In("run/chaos.txt"));
    }

    private static double[] Rates(RunResult run) =>
        [.. run.Metrics.Where(line => line.GetProperty("kind").GetString() == "step").Select(line => line.GetProperty("learningRate").GetDouble())];
}
