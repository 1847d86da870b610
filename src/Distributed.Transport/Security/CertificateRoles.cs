using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Distributed.Transport;

/// <summary>
/// What a certificate allows its holder to be. Each role is a URI among the alternative names of the subject, such as
/// <c>urn:trainer:role:worker</c>, so that only the authority can give it.
/// </summary>
public static class CertificateRoles
{
    /// <summary>Takes jobs and leads them.</summary>
    public const string Coordinator = "coordinator";

    /// <summary>Holds shards.</summary>
    public const string Server = "server";

    /// <summary>Computes gradients.</summary>
    public const string Worker = "worker";

    /// <summary>Submits jobs and watches them, and is no member of the cluster.</summary>
    public const string Client = "client";

    /// <summary>What a server calls itself that passes on the gradients of its host's workers; its certificate is a server's.</summary>
    public const string Relay = "relay";

    /// <summary>What a server calls itself that maps another's memory, to have what is lost with that one; its certificate is a server's.</summary>
    public const string SecondHome = "second-home";

    /// <summary>Every role that a certificate can have.</summary>
    public static IReadOnlyList<string> All { get; } = [Coordinator, Server, Worker, Client];

    /// <summary>The role that a certificate has to name for what its holder calls itself.</summary>
    internal static string NeededFor(string role) => role is Relay or SecondHome ? Server : role;

    private const string Prefix = "urn:trainer:role:";
    private const string AlternativeNames = "2.5.29.17";
    private const int MostNames = 256;
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>The URI that stands for a role.</summary>
    internal static Uri UriOf(string role) => new(Prefix + role);

    /// <summary>The roles that a certificate names; none where it is no certificate of a trainer's node.</summary>
    /// <param name="certificate">A certificate, whose chain this does not look at.</param>
    public static IReadOnlySet<string> Of(X509Certificate2 certificate)
    {
        HashSet<string> roles = new(StringComparer.Ordinal);
        try
        {
            foreach (X509Extension extension in certificate.Extensions.Where(extension => extension.Oid?.Value == AlternativeNames))
            {
                Read(extension.RawData, roles);
            }
        }
        catch (Exception failure) when (failure is AsnContentException or CryptographicException)
        {
            // Malformed names give no role.
            roles.Clear();
        }

        return roles;
    }

    private static void Read(byte[] extension, HashSet<string> roles)
    {
        AsnReader names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        for (int i = 0; i < MostNames && names.HasData; i++)
        {
            if (!names.PeekTag().HasSameClassAndValue(UriTag))
            {
                names.ReadEncodedValue();
                continue;
            }

            string uri = names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag);
            if (uri.StartsWith(Prefix, StringComparison.Ordinal))
            {
                roles.Add(uri[Prefix.Length..]);
            }
        }
    }
}
