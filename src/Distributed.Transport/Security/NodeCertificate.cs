using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Distributed.Transport;

/// <summary>
/// This node's certificate with its private key, and the authorities that it trusts: nothing else of the machine's trust store
/// counts. A peer is trusted where one of these authorities has issued its certificate, the certificate is valid now, and its roles
/// cover what the peer says that it is.
/// </summary>
public sealed class NodeCertificate : IDisposable
{
    /// <summary>The file of a node's certificate in its folder.</summary>
    public const string CertificateFile = "node.crt";

    /// <summary>The file of a node's private key in its folder.</summary>
    public const string KeyFile = "node.key";

    /// <summary>The file of the trusted authorities in a node's folder; several while authorities are being changed.</summary>
    public const string AuthorityFile = "authority.crt";

    private readonly X509Certificate2Collection _authorities;

    private NodeCertificate(X509Certificate2 certificate, X509Certificate2Collection authorities)
    {
        Certificate = certificate;
        _authorities = authorities;
        Roles = CertificateRoles.Of(certificate);
    }

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>What the certificate allows this node to be.</summary>
    public IReadOnlySet<string> Roles { get; }

    /// <summary>The name that the authority has given to the node.</summary>
    public string Name => NameOf(Certificate);

    /// <summary>When the certificate ends.</summary>
    public DateTimeOffset NotAfter => Certificate.NotAfter;

    /// <summary>Reads the three files of a folder that <c>trainer certs issue</c> has written.</summary>
    /// <exception cref="CertificateException">A file is missing or cannot be used.</exception>
    public static NodeCertificate LoadFolder(string folder) => Directory.Exists(folder)
        ? Load(Path.Combine(folder, CertificateFile), Path.Combine(folder, KeyFile), Path.Combine(folder, AuthorityFile))
        : throw new CertificateException($"{folder}: no such folder; 'trainer certs issue' makes one with {CertificateFile}, {KeyFile} and {AuthorityFile}");

    /// <summary>Reads and checks a node's certificate.</summary>
    /// <param name="certificateFile">The certificate, PEM.</param>
    /// <param name="keyFile">Its private key, PEM, readable by its owner only.</param>
    /// <param name="authorityFile">The certificates of the trusted authorities, PEM.</param>
    /// <exception cref="CertificateException">
    /// A file is missing, malformed or readable by others, key and certificate do not fit, or the authorities have not issued the
    /// certificate for now.
    /// </exception>
    public static NodeCertificate Load(string certificateFile, string keyFile, string authorityFile)
    {
        string pem = PemFile.Read(certificateFile);
        string key = PemFile.ReadSecret(keyFile);
        X509Certificate2Collection authorities = [];
        try
        {
            authorities.ImportFromPem(PemFile.Read(authorityFile));
        }
        catch (CryptographicException failure)
        {
            throw new CertificateException($"{authorityFile}: expected certificates in PEM: {failure.Message}", failure);
        }

        if (authorities.Count == 0)
        {
            throw new CertificateException($"{authorityFile}: expected at least one certificate of an authority in PEM");
        }

        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPem(pem, key);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new CertificateException($"{certificateFile}: expected a certificate in PEM that fits the key in {keyFile}: {failure.Message}", failure);
        }

        NodeCertificate node = new(certificate, authorities);
        if (node.Problem(certificate, host: null) is { } problem)
        {
            node.Dispose();
            throw new CertificateException($"{certificateFile}: {problem}");
        }

        return node;
    }

    /// <summary>The name in a certificate, for messages.</summary>
    public static string NameOf(X509Certificate2 certificate)
    {
        string name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return name.Length == 0 ? "a certificate without a name" : Printable.Text(name);
    }

    /// <summary>Why a certificate is not trusted; null where it is.</summary>
    /// <param name="certificate">The peer's certificate; null where it showed none.</param>
    /// <param name="host">The name or address that was dialled, which must be among the certificate's; null for a caller.</param>
    public string? Problem(X509Certificate2? certificate, string? host)
    {
        if (certificate is null)
        {
            return "no certificate was shown";
        }

        string name = NameOf(certificate);
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (!chain.Build(certificate))
        {
            X509ChainStatusFlags flags = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
            return flags.HasFlag(X509ChainStatusFlags.NotTimeValid)
                ? $"the certificate of '{name}' is valid from {Day(certificate.NotBefore)} to {Day(certificate.NotAfter)}, not now"
                : $"the certificate of '{name}' is not one of our authority's ({flags})";
        }

        if (CertificateRoles.Of(certificate).Count == 0)
        {
            return $"the certificate of '{name}' has no role of a trainer's node";
        }

        return host is null || certificate.MatchesHostname(host)
            ? null
            : $"the certificate of '{name}' is not for {host}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Certificate.Dispose();
        foreach (X509Certificate2 authority in _authorities)
        {
            authority.Dispose();
        }
    }

    private static string Day(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
