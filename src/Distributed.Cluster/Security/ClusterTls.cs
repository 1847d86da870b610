using Akka.Actor.Setup;
using Akka.Remote.Transport.DotNetty;
using Distributed.Transport;

namespace Distributed.Cluster.Security;

/// <summary>Mutual TLS of the control plane: Akka.Remote's transport with our own judgement of certificates.</summary>
internal static class ClusterTls
{
    /// <summary>
    /// Adds TLS to what an actor system is created with. Both sides must show a certificate of the authority, and the side that is dialled
    /// one for the very name or address by which it was.
    /// </summary>
    /// <param name="certificate">This node's; null adds nothing.</param>
    /// <param name="refused">Hears why a peer is not trusted, and the peer's address.</param>
    public static ActorSystemSetup With(ActorSystemSetup setup, NodeCertificate? certificate, Action<string, string> refused) =>
        certificate is null ? setup : setup.And(new DotNettySslSetup(
            certificate.Certificate, suppressValidation: false, requireMutualAuthentication: true, (peer, _, from, _, _) =>
            {
                if (certificate.Problem(peer, DialledHost(from)) is not { } problem)
                    return true;
                refused(problem, from);
                return false;
            }));

    /// <summary>
    /// The host that was dialled; null for a caller. The transport names the side that was dialled as the address of an actor system
    /// (<c>ssl.tcp://trainer@host:port</c>), a caller by its socket.
    /// </summary>
    internal static string? DialledHost(string peer)
    {
        var at = peer.IndexOf('@', StringComparison.Ordinal);
        if (!peer.Contains("://", StringComparison.Ordinal) || at < 0)
            return null;
        var host = peer[(at + 1)..];
        var colon = host.LastIndexOf(':');
        return (colon > 0 && !host.EndsWith(']') ? host[..colon] : host).Trim('[', ']');
    }
}
