using System.Diagnostics;
using Distributed.Transport;

namespace Distributed.Cli.Benchmarks.Limits;

/// <summary>
/// What plain sockets take for an exchange without any arithmetic: every worker's gradient goes to one place, and once all are there the weights
/// go back to every worker. A thread at each end, as with links.
/// </summary>
internal sealed unsafe class SocketExchange : IDisposable
{
    private const int Chunk = 512 << 10;

    private readonly SocketPair[] pairs;
    private readonly PrivateMemory[] memory;

    /// <summary>Connects the sockets.</summary>
    /// <param name="connect">Makes one pair.</param>
    /// <param name="workers">How many.</param>
    /// <param name="mostBytes">The largest gradient.</param>
    public SocketExchange(Func<SocketPair> connect, int workers, long mostBytes)
    {
        pairs = [.. Enumerable.Range(0, workers).Select(_ => connect())];
        // A buffer an end: what arrives lies elsewhere than what leaves.
        memory = [.. Enumerable.Range(0, 2 * workers).Select(_ => new PrivateMemory(mostBytes))];
    }

    /// <summary>The time of one exchange in ms: the mean of several.</summary>
    public double Milliseconds(long bytes)
    {
        var times = (int)Math.Clamp(100_000_000 / bytes, 1, 200);
        using var arrived = new Barrier(pairs.Length);
        var ends = new List<Thread>();
        for (var i = 0; i < pairs.Length; i++)
        {
            var (pair, mine, theirs) = (pairs[i], memory[2 * i], memory[(2 * i) + 1]);
            ends.Add(new Thread(() =>
            {
                for (var time = 0; time < times; time++)
                {
                    Send(pair.Near, mine, bytes);
                    Receive(pair.Near, mine, bytes);
                }
            }));
            ends.Add(new Thread(() =>
            {
                for (var time = 0; time < times; time++)
                {
                    Receive(pair.Far, theirs, bytes);
                    arrived.SignalAndWait();
                    Send(pair.Far, theirs, bytes);
                }
            }));
        }

        var since = Stopwatch.GetTimestamp();
        foreach (var end in ends) end.Start();
        foreach (var end in ends) end.Join();
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds / times;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var pair in pairs) pair.Dispose();
        foreach (var buffer in memory) buffer.Dispose();
    }

    private static void Send(System.Net.Sockets.Socket socket, PrivateMemory memory, long bytes)
    {
        for (var at = 0L; at < bytes; at += Chunk)
            SocketPair.Send(socket, new ReadOnlySpan<byte>(memory.Pointer + at, (int)Math.Min(Chunk, bytes - at)));
    }

    private static void Receive(System.Net.Sockets.Socket socket, PrivateMemory memory, long bytes)
    {
        for (var at = 0L; at < bytes; at += Chunk)
            SocketPair.Receive(socket, new Span<byte>(memory.Pointer + at, (int)Math.Min(Chunk, bytes - at)));
    }
}
