using System.Globalization;
using System.Text;

namespace Distributed.EndToEnd.Tests;

/// <summary>Every kind of job keeps the promise: batch statistics, recurrent state, dropout and clipped gradients do not depend on the workers.</summary>
public class KindsOfJobsTests
{
    private const string Images = """
        model { input = [1, 28, 28], layers = [
          { type = conv2d, out = 6, kernel = 3, padding = 1 }, batch-norm, relu, { type = max-pool, kernel = 4 }, flatten, { type = linear, out = 10 } ] }
        data { format = digits, train = 200, test = 300 }
        optimizer { type = sgd, learning-rate = 0.05, momentum = 0.9 }
        """;

    private const string Text = """
        model { input = [16], layers = [
          { type = embedding, tokens = 28, width = 12 }, { type = lstm, hidden = 20, layers = 2, output = sequence }, { type = linear, out = 28 } ] }
        data { format = text, file = "text.txt", time = 16, windows = random, test-last = 0.2 }
        optimizer { type = adam, learning-rate = 0.01, clip-norm = 0.5 }
        """;

    private const string Tokens = """
        model { input = [12], layers = [
          { type = embedding, tokens = 20, width = 16 }, positional-embedding
          { type = transformer-block, heads = 2, mlp = 2, causal = true, dropout = 0.2 }, layer-norm, { type = linear, out = 20 } ] }
        data { format = random, shape = [12], tokens = 20, classes = 20, targets = each-place, train = 200, test = 300 }
        optimizer { type = adamw, learning-rate = 0.003, weight-decay = 0.1, clip-norm = 0.5, schedule { type = cosine, warmup = 2 } }
        """;

    private const string Table = """
        model { input = [5], layers = [{ type = linear, out = 16 }, relu, { type = linear, out = 1 }] }
        data { format = csv, file = "table.csv", target = price, task = regression, standardise-target = true, test-every = 4 }
        loss = mean-squared-error
        optimizer { type = adam, learning-rate = 0.01, clip-norm = 0.5 }
        """;

    [Theory]
    [InlineData("images through batch norm", Images)]
    [InlineData("text through an LSTM", Text)]
    [InlineData("a table's rows to values", Table)]
    [InlineData("tokens through a transformer with dropout", Tokens)]
    public async Task One_two_and_three_workers_train_to_the_same_bits(string kind, string parts)
    {
        using var folder = new TemporaryFolder();
        StandingCluster.Write("text.txt", SomeText(4000));
        StandingCluster.Write("table.csv", SomeTable(240));
        // Nothing is a multiple of the batch: the last one of an epoch is a partial one.
        var job = folder.Write("kind.hocon", $"seed = 5\n{parts}\nepochs = 2\nbatch = 48\nslots = 6\n");

        var one = await StandingCluster.TrainAsync(job, "--workers", "1");
        var two = await StandingCluster.TrainAsync(job, "--workers", "2");
        var three = await StandingCluster.TrainAsync(job, "--workers", "3", "--servers", "2");

        Assert.All([two, three], run =>
        {
            Assert.True(one.WeightsSha256 == run.WeightsSha256, $"{kind}: {run.WeightsSha256}, with one worker {one.WeightsSha256}");
            Assert.Equal(Figures(one), Figures(run));
            Assert.Equal(one.StepLosses, run.StepLosses);
        });
    }

    /// <summary>All figures of the last evaluation, each as it is written.</summary>
    private static string Figures(RunResult run) => run.Summary.GetProperty("evaluation").GetRawText();

    /// <summary>Words of pseudo-random letters: 26 letters, blank and newline all occur.</summary>
    private static string SomeText(int length)
    {
        var text = new StringBuilder("the quick brown fox jumps over the lazy dog\n");
        for (uint number = 1; text.Length < length; number = number * 1664525 + 1013904223)
            text.Append((number >> 24) % 6 == 0 ? ' ' : (char)('a' + (number >> 16) % 26));
        return text.ToString();
    }

    /// <summary>Three numbers and two categories, and a price that follows from them.</summary>
    private static string SomeTable(int rows)
    {
        var table = new StringBuilder("size,age,rooms,place,price\n");
        for (var row = 0; row < rows; row++)
        {
            var (size, age, rooms) = (row * 37 % 101, row * 53 % 67, 1 + row % 5);
            var place = row % 3 == 0 ? "town" : "country";
            table.AppendLine(CultureInfo.InvariantCulture, $"{size},{age},{rooms},{place},{3 * size - age + 20 * rooms + (place == "town" ? 90 : 0)}.5");
        }

        return table.ToString();
    }
}
