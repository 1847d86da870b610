using System.Globalization;
using Distributed.Cli.Terminal;

namespace Distributed.Cli.Benchmarks.Limits;

/// <summary>What this machine can do without this program: plain sockets and passes over memory.</summary>
internal sealed class MachineLimits : IDisposable
{
    /// <summary>Round trips of one measurement.</summary>
    private const int RoundTrips = 2000;

    /// <summary>Bytes of one measurement of a socket's rate.</summary>
    private const long StreamBytes = 256L << 20;

    private readonly SocketPair tcp = SocketPair.Tcp();
    private readonly SocketPair unix = SocketPair.Unix();
    private readonly MemoryPass memory;
    private readonly IReadOnlyList<BenchSize> sizes;

    /// <param name="sizes">Of the passes over memory.</param>
    public MachineLimits(IReadOnlyList<BenchSize> sizes)
    {
        this.sizes = sizes;
        memory = new MemoryPass(sizes.Max(size => size.Parameters), 2);
    }

    /// <summary>What there is to measure.</summary>
    public IReadOnlyList<Measurement> Measurements =>
    [
        new("TCP loopback, round trip", "µs", () => RoundTrip(tcp)),
        new("Unix socket, round trip", "µs", () => RoundTrip(unix)),
        new("TCP loopback, one way", "GB/s", () => Stream(tcp)),
        new("Unix socket, one way", "GB/s", () => Stream(unix)),
        .. sizes.SelectMany(size => new[] { 1, 2 }.Select(threads => new Measurement(
            string.Create(CultureInfo.InvariantCulture, $"memory pass of {Figures.Bytes(size.Bytes)}, {threads} thread{(threads == 1 ? "" : "s")}"),
            "ms", () => memory.Milliseconds(size.Parameters, threads, [])))),
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        tcp.Dispose();
        unix.Dispose();
        memory.Dispose();
    }

    private static double RoundTrip(SocketPair pair)
    {
        return TwoThreads.Run(Ask, Answer).TotalMicroseconds / RoundTrips;

        void Ask()
        {
            Span<byte> one = stackalloc byte[1];
            for (var i = 0; i < RoundTrips; i++)
            {
                SocketPair.Send(pair.Near, one);
                SocketPair.Receive(pair.Near, one);
            }
        }

        void Answer()
        {
            Span<byte> one = stackalloc byte[1];
            for (var i = 0; i < RoundTrips; i++)
            {
                SocketPair.Receive(pair.Far, one);
                SocketPair.Send(pair.Far, one);
            }
        }
    }

    private static double Stream(SocketPair pair)
    {
        const int chunk = 512 << 10;
        var (sent, got) = (new byte[chunk], new byte[chunk]);
        return StreamBytes / TwoThreads.Run(
            () =>
            {
                for (var at = 0L; at < StreamBytes; at += chunk) SocketPair.Send(pair.Near, sent);
            },
            () =>
            {
                for (var at = 0L; at < StreamBytes; at += chunk) SocketPair.Receive(pair.Far, got);
            }).TotalSeconds / 1e9;
    }
}
