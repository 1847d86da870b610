namespace Distributed.Transport;

/// <summary>The reasons for which one node refuses another, in words that both sides' users can act on.</summary>
internal static class Refusals
{
    private const int ShownHashBytes = 6;

    /// <summary>What differs between a peer and this node; null where nothing does.</summary>
    internal static string? Between(LinkIdentity peer, LinkIdentity me) =>
        peer.Protocol != me.Protocol ? Protocols(peer, me.ToString(), me.Protocol)
        : peer.Job != me.Job ? $"{peer} speaks for job {peer.Job}, {me} for job {me.Job}"
        : !peer.LayoutHash.AsSpan().SequenceEqual(me.LayoutHash)
            ? $"{peer} lays the model's parameters out as {Short(peer.LayoutHash)}, {me} as {Short(me.LayoutHash)}: "
                + "the two nodes have built different models"
        : null;

    /// <summary>The difference of a peer's protocol to the one of this build; null where there is none.</summary>
    internal static string? Protocol(LinkIdentity peer, string node) =>
        peer.Protocol == LinkIdentity.CurrentProtocol ? null : Protocols(peer, node, LinkIdentity.CurrentProtocol);

    /// <summary>What the peer says that it is, where its certificate does not allow it; null where it does, or where there is no TLS.</summary>
    internal static string? Role(Wire wire, LinkIdentity peer) => !wire.IsSecure || wire.PeerRoles.Contains(CertificateRoles.NeededFor(peer.Role)) ? null
        : $"the certificate of '{wire.PeerName}' does not allow it to be a {peer.Role}, only {string.Join(", ", wire.PeerRoles.Order(StringComparer.Ordinal))}";

    internal static string Job(LinkIdentity peer, string node) => $"{node} does not know job {peer.Job} of {peer}";

    internal static string Secret(LinkIdentity peer, LinkIdentity me) =>
        $"{peer} and {me} do not hold the same secret of job {me.Job}";

    private static string Protocols(LinkIdentity peer, string me, int mine) =>
        $"{peer} speaks protocol {peer.Protocol} of the data plane, {me} speaks {mine}: run the same build on both nodes";

    private static string Short(byte[] hash) =>
        hash.Length == 0 ? "(none)" : Convert.ToHexStringLower(hash.AsSpan(0, Math.Min(ShownHashBytes, hash.Length)));
}
