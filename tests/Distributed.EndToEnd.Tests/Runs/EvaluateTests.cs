using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>What a run that has ended is asked, and what its pictures and log say.</summary>
public sealed class EvaluateTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_classifier_leaves_curves_and_its_evaluation_pictures()
    {
        var run = await StandingCluster.TrainAsync(SmallJob.Write(folder, model: "mlp"), "--workers", "1");
        AssertPicture(Path.Combine(run.Folder, "curves.png"));
        Assert.DoesNotContain(run.Log, line => line.GetProperty("event").GetString() == "no-picture");

        var evaluated = await TrainerProcess.RunAsync(folder.Path, "evaluate", run.Folder, "--out", "figures");

        Assert.Equal((0, ""), (evaluated.Code, evaluated.Error));
        Assert.Contains("figures/evaluation.json, figures/confusion.png, figures/ranks.png", evaluated.Output);
        AssertPicture(folder.In("figures/confusion.png"));
        AssertPicture(folder.In("figures/ranks.png"));
        Assert.Equal(run.TestLoss, JsonDocument.Parse(File.ReadAllText(folder.In("figures/evaluation.json"))).RootElement.GetProperty("loss").GetDouble());
    }

    [Fact]
    public async Task Values_are_predicted_and_judged_in_units_of_the_table_and_bad_rows_are_told_of_once()
    {
        var table = new StringBuilder("size,rooms,price\n");
        for (var row = 0; row < 120; row++)
            table.AppendLine(CultureInfo.InvariantCulture, $"{(row == 30 ? "huge" : row * 37 % 101)},{1 + row % 5},{3000 * (row * 37 % 101) + 20_000 * (row % 5) + 100_000}");
        StandingCluster.Write("sizes.csv", table.ToString());
        var job = folder.Write("table.hocon", """
            model { input = [2], layers = [{ type = linear, out = 16 }, relu, { type = linear, out = 1 }] }
            data { format = csv, file = "sizes.csv", target = price, task = regression, test-every = 4, on-bad-row = skip }
            loss = mean-squared-error
            optimizer { type = adam, learning-rate = 0.02 }
            epochs = 5, batch = 30, slots = 2
            """);
        var run = await StandingCluster.TrainAsync(job, "--workers", "2");

        var skipped = Assert.Single(run.Log, line => line.GetProperty("event").GetString() == "rows-skipped").GetProperty("fields");
        Assert.Equal("1", skipped.GetProperty("rows").GetString());
        Assert.Contains("sizes.csv:32: column size: expected a finite number, got 'huge'", skipped.GetProperty("first").GetString());

        var predicted = await TrainerProcess.RunAsync(folder.Path, "predict", run.Folder, "--data", StandingCluster.Data, "--count", "100", "--format", "csv");
        var rows = predicted.Output.Split('\n').Skip(1).Select(line => line.Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture)).ToArray()).ToArray();
        Assert.All(rows, row => Assert.Equal(Math.Round(row[1] / 1000) * 1000, row[1], 0.5));
        var errors = rows.Select(row => row[2] - row[1]).ToArray();
        var figures = run.Summary.GetProperty("evaluation").GetProperty("regression");
        Assert.Equal(rows.Length, run.Summary.GetProperty("evaluation").GetProperty("samples").GetInt32());
        Assert.Equal(Math.Sqrt(errors.Average(error => error * error)), figures.GetProperty("rootMeanSquaredError").GetDouble(), 1e-3 * errors.Max(Math.Abs));
        Assert.Equal(errors.Average(Math.Abs), figures.GetProperty("meanAbsoluteError").GetDouble(), 1e-3 * errors.Max(Math.Abs));
    }

    private static void AssertPicture(string file) => Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(file)[..4]);
}
