using System.Net;
using System.Net.Sockets;

namespace Distributed.Cli.Benchmarks.Limits;

/// <summary>Two connected plain sockets of this host, without any protocol of ours; calls block.</summary>
internal sealed class SocketPair : IDisposable
{
    private SocketPair(Socket near, Socket far)
    {
        Near = near;
        Far = far;
    }

    /// <summary>One end.</summary>
    public Socket Near { get; }

    /// <summary>The other.</summary>
    public Socket Far { get; }

    /// <summary>Over TCP on the loopback interface.</summary>
    public static SocketPair Tcp()
    {
        var pair = Connect(AddressFamily.InterNetwork, ProtocolType.Tcp, new IPEndPoint(IPAddress.Loopback, 0));
        pair.Near.NoDelay = pair.Far.NoDelay = true;
        return pair;
    }

    /// <summary>Over a Unix-domain socket.</summary>
    public static SocketPair Unix() =>
        Connect(AddressFamily.Unix, ProtocolType.Unspecified, new UnixDomainSocketEndPoint($"\0distributed-bench-{Guid.NewGuid():N}"));

    /// <summary>Sends all of it.</summary>
    public static void Send(Socket to, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[to.Send(bytes)..];
    }

    /// <summary>Waits until all of it is there.</summary>
    /// <exception cref="IOException">The other end is closed.</exception>
    public static void Receive(Socket from, Span<byte> into)
    {
        while (!into.IsEmpty)
        {
            var got = from.Receive(into);
            if (got == 0) throw new IOException("the other end of a benchmark's socket is closed");
            into = into[got..];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }

    private static SocketPair Connect(AddressFamily family, ProtocolType protocol, EndPoint at)
    {
        using var listener = new Socket(family, SocketType.Stream, protocol);
        listener.Bind(at);
        listener.Listen(1);
        var near = new Socket(family, SocketType.Stream, protocol);
        near.Connect(listener.LocalEndPoint!);
        return new SocketPair(near, listener.Accept());
    }
}
