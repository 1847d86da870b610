using Distributed.Cli.Benchmarks.Exchange;

namespace Distributed.Cli.Benchmarks.Limits;

/// <summary>
/// What stands beside an exchange. Over shared memory it can't beat one pass over its operands in memory; over TCP not plain sockets either,
/// that carry the gradients to one place and the weights back.
/// </summary>
internal sealed class ExchangeLimits : IDisposable
{
    private readonly IReadOnlyList<(string Name, Func<BenchSize, double> Measure)> limits;
    private readonly IReadOnlyList<IDisposable> held;

    private ExchangeLimits(IReadOnlyList<(string Name, Func<BenchSize, double> Measure)> limits, IReadOnlyList<IDisposable> held)
    {
        this.limits = limits;
        this.held = held;
    }

    /// <summary>The names of the limits.</summary>
    public IReadOnlyList<string> Names => [.. limits.Select(limit => limit.Name)];

    /// <summary>The limits of an exchange.</summary>
    /// <param name="sizes">All sizes that will be measured.</param>
    /// <param name="cores">The cores that workers compute on; none: any.</param>
    public static ExchangeLimits For(ExchangeShape shape, IReadOnlyList<BenchSize> sizes, IReadOnlyList<int> cores)
    {
        var most = sizes.Max(size => size.Parameters);
        var memory = new MemoryPass(most, shape.Workers);
        var limits = new List<(string, Func<BenchSize, double>)>
        {
            ("memory 1", size => memory.Milliseconds(size.Parameters, 1, cores)),
            ("memory 2", size => memory.Milliseconds(size.Parameters, 2, cores)),
        };
        if (shape.Transport != "tcp") return new ExchangeLimits(limits, [memory]);
        var sockets = new SocketExchange(SocketPair.Tcp, shape.Workers, most * sizeof(float));
        limits.Add(("sockets", size => sockets.Milliseconds(size.Bytes)));
        return new ExchangeLimits(limits, [memory, sockets]);
    }

    /// <summary>Measures every limit once.</summary>
    public IReadOnlyList<double> Measure(BenchSize size) => [.. limits.Select(limit => limit.Measure(size))];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var one in held) one.Dispose();
    }
}
