using System.Text.Json;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Benchmarks.Exchange;

namespace Distributed.Cli.Tests.Benchmarks;

public class ExchangeFiguresTests
{
    private static readonly ExchangeShape Shape = new(2, 1, "auto", "sgd");

    [Fact]
    public void An_exchange_lasts_from_the_last_gradient_to_the_last_worker_that_has_the_weights() =>
        Assert.Equal([2.0, 0.5], ExchangeFigures.Milliseconds([new([0, 9_000_000], [7_000_000, 9_500_000]), new([5_000_000, 8_000_000], [6_000_000, 9_400_000])]));

    [Fact]
    public void A_limit_is_compared_within_its_round()
    {
        // The machine was twice as slow in the second round.
        var figures = ExchangeFigures.Of(new BenchSize(1000), Shape, ["server-1:shared-memory"], ["memory"], [new([3, 3, 3], [1]), new([6, 6, 6], [2])]);
        Assert.Equal(4.5, figures.Exchange.Median);
        Assert.Equal(3, figures.Exchange.Min);
        Assert.Equal(6, figures.Exchanges);
        Assert.Equal(new ExchangeLimit("memory", 1.5, 3), Assert.Single(figures.Limits));
    }

    [Theory]
    [InlineData(16, 500)]
    [InlineData(10_000_000, 25)]
    [InlineData(1_000_000_000, 5)]
    public void A_measurement_has_enough_exchanges_and_no_endless_ones(long parameters, int steps) =>
        Assert.Equal(steps, ExchangeBenchmark.StepsOf(new BenchSize(parameters)));

    [Theory]
    [InlineData("sgd", "auto", 535_818)]
    [InlineData("adam", "tcp", 16)]
    [InlineData("sgd", "auto", 16_777_216)]
    [InlineData("sgd", "auto", 1_000_000_000)]
    public void The_job_has_exactly_the_parameters_of_its_size(string optimizer, string transport, long parameters)
    {
        var job = (Shape with { Optimizer = optimizer, Transport = transport, Workers = 3 }).JobFor(new BenchSize(parameters));
        Assert.Equal(parameters, job.Model.CheckShapes().Sum(layer => layer.Parameters));
        Assert.Equal((optimizer, transport, 3), (job.Optimizer.Type, job.SameHost.ToString().ToLowerInvariant(), job.Slots));
    }

    [Fact]
    public void The_report_names_benchmark_and_machine()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "figures.json");
        var figures = ExchangeFigures.Of(new BenchSize(1000), Shape, ["server-1:shared-memory"], ["memory"], [new([3], [1])]);
        new BenchReport<ExchangeFigures>("exchange", new Machine("a processor", 2), 1, [figures]).Write(file);
        var root = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
        Assert.Equal("exchange", root.GetProperty("benchmark").GetString());
        Assert.Equal(2, root.GetProperty("machine").GetProperty("cores").GetInt32());
        var row = Assert.Single(root.GetProperty("figures").EnumerateArray());
        Assert.Equal(3, row.GetProperty("exchange").GetProperty("median").GetDouble());
        Assert.Equal("memory", row.GetProperty("limits")[0].GetProperty("name").GetString());
    }
}
