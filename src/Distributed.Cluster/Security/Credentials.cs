using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Distributed.Transport;

namespace Distributed.Cluster.Security;

/// <summary>
/// A statement's signature by the key of a certificate: TLS ends at a connection, but a message may come through another node, and its
/// sender is what it says itself.
/// </summary>
/// <param name="Certificate">The signer's certificate, DER.</param>
/// <param name="Signature">ECDSA with SHA-256 over the statement and the time.</param>
/// <param name="Time">When it was signed.</param>
internal sealed record Credential(byte[] Certificate, byte[] Signature, DateTimeOffset Time);

/// <summary>Signs what this node says of itself, and judges what others say. Where there is no TLS, nothing is signed and nothing asked.</summary>
internal sealed class Credentials(NodeCertificate? mine, TimeProvider clock)
{
    /// <summary>How old a signature may be, or how far ahead the signer's clock.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    private const int MostCertificateBytes = 16 << 10;
    private const int MostSignatureBytes = 256;

    /// <summary>No certificates: everybody in the network is trusted.</summary>
    public static readonly Credentials None = new(null, TimeProvider.System);

    /// <summary>Whether others must prove what they say.</summary>
    public bool Asked => mine is not null;

    /// <summary>The signature of a statement; null without TLS.</summary>
    public Credential? Sign(string statement)
    {
        if (mine is null)
            return null;
        var time = clock.GetUtcNow();
        using var key = mine.Certificate.GetECDsaPrivateKey()!;
        return new Credential(mine.Certificate.RawData, key.SignData(Signed(statement, time), HashAlgorithmName.SHA256), time);
    }

    /// <summary>Why a statement is not believed; null where it is, or where there is no TLS.</summary>
    /// <param name="credential">What came with it.</param>
    /// <param name="statement">What must have been signed.</param>
    /// <param name="host">A name or address that the certificate must be for; null for any.</param>
    /// <param name="mustBeFresh">Whether an old signature is refused.</param>
    /// <param name="roles">Roles, all of which the certificate must allow.</param>
    public string? Problem(Credential? credential, string statement, string? host, bool mustBeFresh, IReadOnlyList<string> roles)
    {
        if (mine is null)
            return null;
        if (credential is null)
            return "it came without a signature";
        if (credential.Certificate.Length > MostCertificateBytes || credential.Signature.Length > MostSignatureBytes)
            return "its signature is too long";
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(credential.Certificate);
            if (mine.Problem(certificate, host) is { } problem)
                return problem;
            var allowed = CertificateRoles.Of(certificate);
            if (roles.FirstOrDefault(role => !allowed.Contains(role)) is { } missing)
                return $"the certificate of '{NodeCertificate.NameOf(certificate)}' does not allow it to be a {missing}, only {string.Join(", ", allowed.Order(StringComparer.Ordinal))}";
            if (mustBeFresh && (clock.GetUtcNow() - credential.Time).Duration() > Fresh)
                return $"its signature is of {credential.Time.UtcDateTime:u}, more than {Fresh.TotalMinutes:F0} minutes from now: are the clocks set?";
            using var key = certificate.GetECDsaPublicKey();
            return key is not null && key.VerifyData(Signed(statement, credential.Time), credential.Signature, HashAlgorithmName.SHA256)
                ? null : $"its signature is not that of '{NodeCertificate.NameOf(certificate)}'";
        }
        catch (CryptographicException failure)
        {
            return $"its certificate cannot be read: {failure.Message}";
        }
    }

    private static byte[] Signed(string statement, DateTimeOffset time) => Encoding.UTF8.GetBytes($"trainer statement\n{time.UtcTicks}\n{statement}");
}
