using System.Net;
using System.Net.Sockets;

namespace Distributed.Transport;

/// <summary>Sockets as the data plane needs them.</summary>
internal static class LinkSockets
{
    private static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeepAliveEvery = TimeSpan.FromSeconds(2);
    private const int KeepAliveProbes = 5;
    private const int UserTimeoutMilliseconds = 20_000;
    private const int TcpLevel = 6;
    private const int TcpCongestion = 13;
    private const int TcpUserTimeout = 18;
    private const int TcpNotSentLowWater = 25;
    private const int NotSentBytes = 512 << 10;
    private const int UnixBufferBytes = 1 << 20;

    internal static Socket Tcp(AddressFamily family) => new(family, SocketType.Stream, ProtocolType.Tcp);

    internal static Socket Unix() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>An abstract name lives in the kernel only, and ends with the socket.</summary>
    internal static UnixDomainSocketEndPoint Abstract(string name) => new("\0" + name);

    /// <summary>
    /// Prepares a connected socket. On TCP: no waiting for more bytes, and a host that vanished without a word is noticed within
    /// about 20 seconds whether it owes us bytes or we owe it some. The buffers of TCP are left to the kernel, which grows them
    /// further than a process may set them; only little waits there that is not on its way yet, so that what is sent has nearly arrived.
    /// </summary>
    internal static void Prepare(Socket socket, LinkKind kind)
    {
        if (kind == LinkKind.SharedMemory)
        {
            socket.SendBufferSize = UnixBufferBytes;
            return;
        }

        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)KeepAliveAfter.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)KeepAliveEvery.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
        if (OperatingSystem.IsLinux())
        {
            Set(socket, TcpUserTimeout, UserTimeoutMilliseconds);
            Set(socket, TcpNotSentLowWater, NotSentBytes);
            TakeCubic(socket);
        }
    }

    /// <summary>
    /// Between two hosts gradients and weights share a cable, and each pauses in every step. BBR paces each by what it had before the pause,
    /// and takes several round trips to see that there is more; CUBIC fills the cable at once.
    /// </summary>
    private static void TakeCubic(Socket socket)
    {
        try
        {
            socket.SetRawSocketOption(TcpLevel, TcpCongestion, "cubic"u8);
        }
        catch (SocketException)
        {
            // A kernel without it, or that keeps it for others: its own choice works, too.
        }
    }

    private static void Set(Socket socket, int option, int value) =>
        socket.SetRawSocketOption(TcpLevel, option, System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<int>(ref value)));

    /// <summary>Connects within a time, leaving the socket a blocking one (an asynchronous connect would not).</summary>
    /// <exception cref="SocketException">Nobody is there, or not in time.</exception>
    internal static void Connect(Socket socket, EndPoint to, TimeSpan within)
    {
        // On Linux the time limit of sending also limits connecting.
        socket.SendTimeout = (int)Math.Clamp(within.TotalMilliseconds, 1, int.MaxValue);
        socket.Connect(to);
        socket.SendTimeout = 0;
    }
}
