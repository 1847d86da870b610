using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Distributed.Transport;

/// <summary>The bytes of one connection: a socket, or TLS over it. One thread may send while another receives.</summary>
internal sealed class Wire : IDisposable
{
    private readonly SslStream? _tls;

    /// <param name="socket">The connected socket, which the wire owns.</param>
    /// <param name="tls">TLS over it, its handshake done; null for plain bytes.</param>
    internal Wire(Socket socket, SslStream? tls = null)
    {
        Socket = socket;
        _tls = tls;
        if (tls?.RemoteCertificate is X509Certificate2 certificate)
        {
            PeerName = NodeCertificate.NameOf(certificate);
            PeerRoles = CertificateRoles.Of(certificate);
        }
    }

    /// <summary>The connection itself: its time limits also hold for TLS.</summary>
    internal Socket Socket { get; }

    /// <summary>Whether the peer's certificate is known, which says what it may be.</summary>
    internal bool IsSecure => _tls is not null;

    /// <summary>The name in the peer's certificate; empty where there is no TLS.</summary>
    internal string PeerName { get; } = "";

    /// <summary>The roles in the peer's certificate; none where there is no TLS.</summary>
    internal IReadOnlySet<string> PeerRoles { get; } = new HashSet<string>();

    /// <summary>Sends some of the bytes, waiting until there is room.</summary>
    /// <returns>How many it took.</returns>
    /// <exception cref="SocketException">The connection broke, or the time limit passed.</exception>
    internal int Send(ReadOnlySpan<byte> bytes)
    {
        if (_tls is null)
        {
            return Socket.Send(bytes, SocketFlags.None);
        }

        try
        {
            _tls.Write(bytes);
            return bytes.Length;
        }
        catch (IOException failure)
        {
            throw AsSocketException(failure);
        }
    }

    /// <summary>Receives what is there, waiting for at least a byte; 0 at the end of the connection.</summary>
    /// <exception cref="SocketException">The connection broke, or the time limit passed.</exception>
    internal int Receive(Span<byte> into)
    {
        if (_tls is null)
        {
            return Socket.Receive(into, SocketFlags.None);
        }

        try
        {
            return _tls.Read(into);
        }
        catch (IOException failure)
        {
            throw AsSocketException(failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The socket first: TLS's own farewell must not wait for a peer that does not read.
        Socket.Dispose();
        _tls?.Dispose();
    }

    // A broken record says so itself; what the socket had to say is within.
    private static SocketException AsSocketException(IOException failure) => failure.InnerException as SocketException
        ?? new SocketException((int)SocketError.ConnectionAborted, failure.GetBaseException().Message);
}
