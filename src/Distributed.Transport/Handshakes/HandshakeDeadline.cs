using System.Net.Sockets;

namespace Distributed.Transport;

/// <summary>
/// Ends a connection that has not become a link in time, whatever it does: a peer that sends a byte now and then never meets the
/// socket's own time limit inside a record of TLS.
/// </summary>
internal sealed class HandshakeDeadline : IDisposable
{
    private readonly TimeSpan _within;
    private readonly Timer _timer;
    private volatile bool _passed;

    internal HandshakeDeadline(Socket socket, TimeSpan within)
    {
        _within = within;
        socket.SendTimeout = socket.ReceiveTimeout = (int)Math.Clamp(within.TotalMilliseconds, 1, int.MaxValue);
        _timer = new Timer(_ => End(socket), null, TimeSpan.FromMilliseconds(Math.Max(1, within.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>What a failure of the connection is to be called.</summary>
    internal LinkException Explain(Exception failure) => _passed ? Late(_within, failure)
        : failure as LinkException ?? new LinkException(failure.Message, failure);

    /// <summary>The failure of a handshake that took too long.</summary>
    internal static LinkException Late(TimeSpan deadline, Exception? cause = null) =>
        new($"the handshake was not done after {deadline.TotalSeconds:0.###} s", cause);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void End(Socket socket)
    {
        _passed = true;
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }
}
