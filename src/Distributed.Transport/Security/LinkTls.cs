using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Distributed.Transport;

/// <summary>
/// TLS 1.3 with certificates on both sides for links over TCP. A link over shared memory stays on one host and needs none: the job's
/// secret, which came over TLS, proves who is at its other end.
/// </summary>
public sealed class LinkTls
{
    private readonly NodeCertificate _mine;
    private readonly SslStreamCertificateContext _context;

    /// <param name="mine">This node's certificate, whose owner disposes it after all links.</param>
    public LinkTls(NodeCertificate mine)
    {
        _mine = mine;
        _context = SslStreamCertificateContext.Create(mine.Certificate, null, offline: true);
    }

    /// <summary>Secures a connection that was dialled. Blocks; the socket's time limits hold.</summary>
    /// <param name="socket">The connected socket, whose owner keeps it.</param>
    /// <param name="host">The name or address that was dialled: the certificate must be for it.</param>
    /// <returns>What to send and receive by.</returns>
    /// <exception cref="LinkException">The peer speaks no TLS, or one side does not trust the other.</exception>
    internal Wire Dial(Socket socket, string host)
    {
        string? problem = null;
        SslStream stream = new(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: false);
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = host,
            ClientCertificateContext = _context,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => (problem = _mine.Problem(certificate as X509Certificate2, host)) is null,
        };
        if (!OperatingSystem.IsWindows() && !OperatingSystem.IsAndroid())
        {
            // The dialling side's order counts: a tensor's bytes are many, and AES with 128 bits is the faster of two that nobody breaks.
            options.CipherSuitesPolicy = new CipherSuitesPolicy(
                [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256]);
        }

        Authenticate(stream, () => stream.AuthenticateAsClient(options), () => problem);
        return new Wire(socket, stream);
    }

    /// <summary>Secures a connection that was accepted. Blocks; the socket's time limits hold.</summary>
    /// <param name="socket">The accepted socket, whose owner keeps it.</param>
    /// <returns>What to send and receive by.</returns>
    /// <exception cref="LinkException">The peer speaks no TLS, or one side does not trust the other.</exception>
    internal Wire Accept(Socket socket)
    {
        string? problem = null;
        SslStream stream = new(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: false);
        SslServerAuthenticationOptions options = new()
        {
            ServerCertificateContext = _context,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            AllowRenegotiation = false,
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => (problem = _mine.Problem(certificate as X509Certificate2, host: null)) is null,
        };
        Authenticate(stream, () => stream.AuthenticateAsServer(options), () => problem);
        return new Wire(socket, stream);
    }

    private static void Authenticate(SslStream stream, Action authenticate, Func<string?> problem)
    {
        try
        {
            authenticate();
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            stream.Dispose();
            throw new LinkException(problem() ?? $"no TLS with the other side: {failure.GetBaseException().Message}", failure);
        }
    }
}
