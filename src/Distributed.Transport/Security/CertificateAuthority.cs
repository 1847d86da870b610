using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Distributed.Transport;

/// <summary>
/// A private authority in a folder: its certificate, which every node trusts, and its key, which stays where nodes are issued
/// certificates. Keys are ECDSA over P-256.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>The authority's private key in its folder.</summary>
    public const string KeyFile = "authority.key";

    private const int SerialBytes = 16;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private static readonly TimeSpan ClocksApart = TimeSpan.FromMinutes(5);

    private readonly X509Certificate2 _certificate;

    private CertificateAuthority(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>When the authority ends, and with it every certificate of it.</summary>
    public DateTimeOffset NotAfter => _certificate.NotAfter;

    /// <summary>Makes an authority.</summary>
    /// <param name="folder">Where its files go; made where it is missing, for its owner only.</param>
    /// <param name="name">Its name in certificates.</param>
    /// <param name="from">From when on it is valid.</param>
    /// <param name="validity">For how long.</param>
    /// <exception cref="CertificateException">The folder has an authority already, or cannot be written.</exception>
    public static void Create(string folder, string name, DateTimeOffset from, TimeSpan validity)
    {
        MakeFolder(folder);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(NameOf(name, "authority"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using X509Certificate2 certificate = request.CreateSelfSigned(from - ClocksApart, from + validity);
        // The key first: a certificate without its key would be of no use, and nothing is written over.
        PemFile.Write(Path.Combine(folder, KeyFile), key.ExportPkcs8PrivateKeyPem() + "\n");
        PemFile.Write(Path.Combine(folder, NodeCertificate.AuthorityFile), certificate.ExportCertificatePem() + "\n");
    }

    /// <summary>Opens the authority of a folder.</summary>
    /// <exception cref="CertificateException">There is none, or its files cannot be used.</exception>
    public static CertificateAuthority Open(string folder)
    {
        string certificateFile = Path.Combine(folder, NodeCertificate.AuthorityFile);
        string keyFile = Path.Combine(folder, KeyFile);
        if (!File.Exists(keyFile))
        {
            throw new CertificateException($"{keyFile}: no such file; 'trainer certs init --out {folder}' makes an authority there");
        }

        try
        {
            X509Certificate2 certificate = X509Certificate2.CreateFromPem(PemFile.Read(certificateFile), PemFile.ReadSecret(keyFile));
            if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(extension => extension.CertificateAuthority))
            {
                return new CertificateAuthority(certificate);
            }

            certificate.Dispose();
            throw new CertificateException($"{certificateFile}: expected an authority's certificate, got a node's");
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new CertificateException($"{certificateFile}: expected a certificate in PEM that fits {keyFile}: {failure.Message}", failure);
        }
    }

    /// <summary>Issues a certificate for a node.</summary>
    /// <param name="folder">Where its three files go; made where it is missing, for its owner only.</param>
    /// <param name="name">The node's name in the certificate.</param>
    /// <param name="roles">What it allows the node to be, of <see cref="CertificateRoles.All"/>.</param>
    /// <param name="hosts">The names and addresses that others reach the node by.</param>
    /// <param name="from">From when on it is valid.</param>
    /// <param name="validity">For how long, at most as long as the authority.</param>
    /// <returns>When it ends.</returns>
    /// <exception cref="CertificateException">The folder has a certificate already, cannot be written, or the authority has ended.</exception>
    public DateTimeOffset Issue(
        string folder, string name, IReadOnlyList<string> roles, IReadOnlyList<string> hosts, DateTimeOffset from, TimeSpan validity)
    {
        if (roles.Count == 0 || roles.FirstOrDefault(role => !CertificateRoles.All.Contains(role)) is not null)
        {
            throw new CertificateException($"'{name}' needs roles of {string.Join(", ", CertificateRoles.All)}, not {string.Join(", ", roles)}");
        }

        DateTimeOffset start = from - ClocksApart < _certificate.NotBefore ? _certificate.NotBefore : from - ClocksApart;
        DateTimeOffset end = from + validity > NotAfter ? NotAfter : from + validity;
        if (end <= start)
        {
            throw new CertificateException($"the authority has ended on {NotAfter:yyyy-MM-dd}: 'trainer certs init' makes another");
        }

        foreach (string file in new[] { NodeCertificate.KeyFile, NodeCertificate.CertificateFile, NodeCertificate.AuthorityFile })
        {
            if (File.Exists(Path.Combine(folder, file)))
            {
                throw new CertificateException($"{Path.Combine(folder, file)}: is there already and is never written over");
            }
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(NameOf(name, "node"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication), new Oid(ClientAuthentication)], true));
        request.CertificateExtensions.Add(AlternativeNames(roles, hosts));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        byte[] serial = RandomNumberGenerator.GetBytes(SerialBytes);
        // A serial number is positive.
        serial[0] &= 0x7f;
        using X509Certificate2 certificate = request.Create(_certificate, start, end, serial);
        MakeFolder(folder);
        PemFile.Write(Path.Combine(folder, NodeCertificate.KeyFile), key.ExportPkcs8PrivateKeyPem() + "\n");
        PemFile.Write(Path.Combine(folder, NodeCertificate.CertificateFile), certificate.ExportCertificatePem() + "\n");
        PemFile.Write(Path.Combine(folder, NodeCertificate.AuthorityFile), _certificate.ExportCertificatePem() + "\n");
        return end;
    }

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    private static X509Extension AlternativeNames(IReadOnlyList<string> roles, IReadOnlyList<string> hosts)
    {
        SubjectAlternativeNameBuilder names = new();
        foreach (string host in hosts)
        {
            if (IPAddress.TryParse(host, out IPAddress? address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }

        foreach (string role in roles)
        {
            names.AddUri(CertificateRoles.UriOf(role));
        }

        return names.Build();
    }

    // With what it is: a node of its authority's name would be taken for an authority that has signed itself.
    private static X500DistinguishedName NameOf(string name, string unit)
    {
        X500DistinguishedNameBuilder builder = new();
        builder.AddOrganizationalUnitName(unit);
        builder.AddCommonName(name);
        return builder.Build();
    }

    private static void MakeFolder(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{folder}: cannot be made: {failure.Message}", failure);
        }
    }
}
