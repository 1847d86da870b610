namespace Distributed.Transport.Tests;

/// <summary>An authority in a folder of its own, and certificates that it issues for nodes of this machine.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certs-").FullName;
    private readonly List<NodeCertificate> _loaded = [];
    private readonly DateTimeOffset _from;
    private int _issued;

    internal TestCertificates(DateTimeOffset? from = null)
    {
        _from = from ?? DateTimeOffset.UtcNow;
        CertificateAuthority.Create(Authority, "test", _from, TimeSpan.FromDays(2));
    }

    /// <summary>The authority's folder.</summary>
    internal string Authority => Path.Combine(_folder, "authority");

    /// <summary>Issues a certificate into a folder of its own.</summary>
    internal string Issue(string role, string host = "127.0.0.1", DateTimeOffset? from = null, TimeSpan? validity = null)
    {
        string folder = Path.Combine(_folder, $"{role}-{_issued++}");
        using CertificateAuthority authority = CertificateAuthority.Open(Authority);
        authority.Issue(folder, role, [role], [host], from ?? _from, validity ?? TimeSpan.FromDays(1));
        return folder;
    }

    /// <summary>Issues and loads one.</summary>
    internal NodeCertificate Load(string role, string host = "127.0.0.1") => LoadFolder(Issue(role, host));

    internal NodeCertificate LoadFolder(string folder)
    {
        NodeCertificate certificate = NodeCertificate.LoadFolder(folder);
        _loaded.Add(certificate);
        return certificate;
    }

    public void Dispose()
    {
        _loaded.ForEach(certificate => certificate.Dispose());
        Directory.Delete(_folder, recursive: true);
    }
}
