using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>What follows from evaluations, and from losses that are no numbers, in runs of real processes.</summary>
public sealed class ConvergenceRunsTests : IDisposable
{
    // Nothing can be learnt but the samples themselves, so the test loss rises before long.
    private const string Overfitting = """
        seed = 3
        model { input = [12], layers = [{ type = linear, out = 32 }, relu, { type = linear, out = 2 }] }
        data { format = random, classes = 2, train = 99, test = 300 }
        optimizer { type = sgd, learning-rate = 0.3, momentum = 0.9 }
        batch = 33, slots = 3
        """;

    private const string Plateau = "{ type = sgd, learning-rate = 0.2, momentum = 0.9, schedule {"
        + " type = reduce-on-plateau, factor = 0.5, patience = 1, threshold = 0.05, min-rate = 0.004, warmup = 6 steps } }";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Early_stopping_gives_the_model_of_the_best_evaluation()
    {
        var job = folder.Write("over.hocon", Overfitting + "\nepochs = 60\nearly-stopping { patience = 4 }\n");
        var stopped = await StandingCluster.TrainAsync(job, "--workers", "3");
        var evaluations = Evaluations(stopped);
        var best = evaluations.MinBy(evaluation => evaluation.Loss);

        Assert.True(stopped.Summary.GetProperty("stoppedEarly").GetBoolean());
        Assert.Equal(4, evaluations.Count(evaluation => evaluation.Version > best.Version));
        Assert.Equal($"{best.Version}", Assert.Single(Events(stopped, "stopped-early")).GetProperty("fields").GetProperty("bestVersion").GetString());
        Assert.Equal(best.Loss, stopped.TestLoss);

        // A run that ends there has the same weights.
        var alone = folder.Write("alone.hocon", Overfitting + $"\nepochs = {best.Version / 3}\n");
        Assert.Equal((await StandingCluster.TrainAsync(alone, "--workers", "1")).WeightsSha256, stopped.WeightsSha256);
        var evaluated = await TrainerProcess.RunAsync(folder.Path, "evaluate", stopped.Folder, "--json");
        Assert.Equal(best.Loss, JsonDocument.Parse(evaluated.Output).RootElement.GetProperty("loss").GetDouble());
    }

    [Theory]
    [InlineData("optimizer.learning-rate=1e30", "^trainer: [^\n]* (step|after step) [0-9]+[^\n]*slot[^\n]*layer [0-9], (conv2d|linear)[^\n]*$")]
    [InlineData("optimizer.learning-rate=1e8", "^trainer: [^\n]* (step|after step) [0-9]+[^\n]*slot[^\n]*layer [0-9], (conv2d|linear)[^\n]*$")]
    public async Task A_run_that_diverges_ends_with_step_slot_and_layer(string set, string line)
    {
        var job = SmallJob.Write(folder, epochs: 50);
        var ended = await TrainerProcess.RunAsync(folder.Path, "local", job, "--workers", "2", "--out", "run", "--set", set);

        Assert.Equal(1, ended.Code);
        Assert.Matches(line, ended.Error);
        Assert.Equal("failed", new RunResult(folder.In("run")).Summary.GetProperty("status").GetString());
        Assert.False(File.Exists(folder.In("run/model.safetensors")));
    }

    [Fact]
    public async Task The_rate_falls_at_the_same_steps_for_any_number_of_workers_and_servers()
    {
        var job = SmallJob.Write(folder, model: "mlp", optimizer: Plateau, epochs: 6);
        string[] often = ["--set", "evaluation.every-steps=4"];
        var one = await StandingCluster.TrainAsync(job, ["--workers", "1", .. often]);
        var two = await StandingCluster.TrainAsync(job, ["--workers", "2", "--servers", "2", .. often]);
        var three = await StandingCluster.TrainAsync(job, ["--workers", "3", .. often]);

        Assert.True(Evaluations(one).Count >= 20);
        Assert.Equal(Expected(one), Rates(one));
        Assert.True(Rates(one).Skip(6).Distinct().Count() >= 3, $"rates {string.Join(' ', Rates(one).Distinct())}");
        Assert.Equal(Events(one, "rate-reduced").Count, Rates(one).Skip(6).Distinct().Count() - 1);
        Assert.All([two, three], run =>
        {
            Assert.Equal(one.WeightsSha256, run.WeightsSha256);
            Assert.Equal(one.StepLosses, run.StepLosses);
            Assert.Equal(Rates(one), Rates(run));
        });
    }

    [Fact]
    public async Task A_resumed_run_goes_on_with_the_rate_and_the_patience_that_it_had()
    {
        var job = SmallJob.Write(folder, model: "mlp", optimizer: Plateau, epochs: 20);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        // It stands still for a moment: otherwise it may have come to its end before it can be interrupted.
        folder.Write("plan.hocon", "faults = [{ kind = pause, node = worker-1, step = 200, phase = after-sending, seconds = 2 }]");
        using (var trainer = TrainerProcess.Start(folder.Path, "local", job, "--workers", "2", "--out", "run", "--chaos", "plan.hocon"))
        {
            await trainer.UntilAsync(() => File.Exists(folder.In("run/chaos.txt")), "the pause");
            trainer.Signal(TrainerProcess.Interrupt);
            Assert.Equal(130, (await trainer.EndAsync(TrainerProcess.Patience)).Code);
        }

        var ended = await TrainerProcess.RunAsync(folder.Path, "resume", "run", "--workers", "3", "--servers", "2");

        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        var resumed = new RunResult(folder.In("run"));
        Assert.Equal(Rates(undisturbed), Rates(resumed));
        Assert.Equal(undisturbed.WeightsSha256, resumed.WeightsSha256);
        Assert.Equal(undisturbed.StepLosses, resumed.StepLosses);
        Assert.Equal(Expected(undisturbed), Rates(resumed));
    }

    /// <summary>The rates that follow from a run's own evaluations.</summary>
    private static List<double> Expected(RunResult run)
    {
        var (rate, best, bad) = (0.2, double.PositiveInfinity, 0);
        var rates = new List<double>();
        var evaluations = Evaluations(run).ToDictionary(evaluation => evaluation.Version, evaluation => evaluation.Loss);
        for (var step = 0L; step < run.StepLosses.Length; step++)
        {
            if (evaluations.TryGetValue(step, out var loss))
            {
                (best, bad) = loss < best * 0.95 ? (loss, 0) : (best, bad + 1);
                if (bad > 1) (rate, bad) = (Math.Max(rate * 0.5, 0.004), 0);
            }

            rates.Add(step < 6 ? rate * (step + 1) / 6 : rate);
        }

        return rates;
    }

    private static List<double> Rates(RunResult run) =>
        [.. run.Metrics.Where(line => line.GetProperty("kind").GetString() == "step").Select(line => line.GetProperty("learningRate").GetDouble())];

    private static List<(long Version, double Loss)> Evaluations(RunResult run) =>
    [
        .. run.Metrics.Where(line => line.GetProperty("kind").GetString() == "evaluation")
            .Select(line => (line.GetProperty("version").GetInt64(), line.GetProperty("loss").GetDouble())),
    ];

    private static List<JsonElement> Events(RunResult run, string name) =>
        [.. run.Log.Where(line => line.GetProperty("event").GetString() == name)];
}
