using System.Globalization;
using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Benchmarks.Exchange;

/// <summary>What is exchanged, and between whom.</summary>
/// <param name="Workers">Worker processes.</param>
/// <param name="Servers">Parameter-server processes.</param>
/// <param name="Transport"><c>auto</c> (shared memory on this host) or <c>tcp</c>.</param>
/// <param name="Optimizer"><c>sgd</c> (with momentum) or <c>adam</c>.</param>
internal sealed record ExchangeShape(int Workers, int Servers, string Transport, string Optimizer)
{
    /// <summary>
    /// A job of that shape whose model has exactly so many parameters: one layer without bias. Nobody computes with it, but its weights, its
    /// shards and its updates are those of any other.
    /// </summary>
    public Job JobFor(BenchSize size) => Job.Parse("exchange", string.Create(CultureInfo.InvariantCulture, $$"""
        name = bench-exchange
        seed = 1
        model { input = [{{size.Parameters / size.Rows}}], layers = [ { type = linear, out = {{size.Rows}}, bias = false } ] }
        data { format = random, targets = values, outputs = {{size.Rows}}, train = {{Workers}}, test = 1 }
        loss = mean-squared-error
        optimizer { {{(Optimizer == "sgd" ? "type = sgd, learning-rate = 0.01, momentum = 0.9" : "type = adam, learning-rate = 0.001")}} }
        epochs = 1
        batch = {{Workers}}
        workers = {{Workers}}
        servers = {{Servers}}
        transport.same-host = {{Transport}}
        """), new JobOverrides());
}
