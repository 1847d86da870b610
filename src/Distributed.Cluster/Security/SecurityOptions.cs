namespace Distributed.Cluster.Security;

/// <summary>What the command line says of the security of a node or client.</summary>
/// <param name="CertificateFolder">A folder of <c>trainer certs issue</c>; null takes the files that cluster.hocon names, if any.</param>
/// <param name="Insecure">Whether a node that other machines reach may go without TLS.</param>
internal sealed record SecurityOptions(string? CertificateFolder = null, bool Insecure = false)
{
    /// <summary>The same on the command line of another process.</summary>
    public string[] Arguments =>
        [.. CertificateFolder is { } folder ? (string[])["--certs", folder] : [], .. Insecure ? (string[])["--insecure"] : []];
}
