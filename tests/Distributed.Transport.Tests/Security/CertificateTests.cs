using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Distributed.Transport.Tests;

public sealed class CertificateTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public void A_certificate_names_its_node_its_roles_and_its_hosts()
    {
        string folder = Path.Combine(_certificates.Authority, "both");
        using (CertificateAuthority authority = CertificateAuthority.Open(_certificates.Authority))
        {
            authority.Issue(folder, "head", ["coordinator", "server"], ["10.0.0.1", "head.example", "::1"], DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
        }

        using NodeCertificate certificate = NodeCertificate.LoadFolder(folder);

        Assert.Equal("head", certificate.Name);
        Assert.Equal(["coordinator", "server"], certificate.Roles.Order());
        Assert.All(new[] { "10.0.0.1", "head.example", "::1" }, host => Assert.Null(certificate.Problem(certificate.Certificate, host)));
        Assert.Equal("the certificate of 'head' is not for 10.0.0.2", certificate.Problem(certificate.Certificate, "10.0.0.2"));
        Assert.InRange(certificate.NotAfter - DateTimeOffset.UtcNow, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
        Assert.False(certificate.Certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    public void Keys_are_for_their_owner_only_and_nothing_is_written_over()
    {
        string folder = _certificates.Issue("worker");
        string[] files = [.. Directory.GetFiles(folder), .. Directory.GetFiles(_certificates.Authority)];
        Assert.Equal(5, files.Length);
        foreach (string file in files)
        {
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), file);
        }

        Dictionary<string, string> before = files.ToDictionary(file => file, File.ReadAllText);
        using CertificateAuthority authority = CertificateAuthority.Open(_certificates.Authority);
        var again = Assert.Throws<CertificateException>(() => authority.Issue(folder, "worker", ["worker"], [], DateTimeOffset.UtcNow, TimeSpan.FromDays(1)));
        Assert.Contains("is there already and is never written over", again.Message);
        Assert.Throws<CertificateException>(() => CertificateAuthority.Create(_certificates.Authority, "other", DateTimeOffset.UtcNow, TimeSpan.FromDays(1)));
        Assert.All(files, file => Assert.Equal(before[file], File.ReadAllText(file)));
    }

    [Fact]
    public void A_node_may_have_its_authority_s_name()
    {
        using CertificateAuthority authority = CertificateAuthority.Open(_certificates.Authority);
        string folder = Path.Combine(_certificates.Authority, "same");
        authority.Issue(folder, "test", ["worker"], ["127.0.0.1"], DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
        using NodeCertificate certificate = NodeCertificate.LoadFolder(folder);
        Assert.Equal("test", certificate.Name);
        Assert.Null(_certificates.Load("server").Problem(certificate.Certificate, "127.0.0.1"));
    }

    [Fact]
    public void A_certificate_ends_with_its_authority_at_the_latest()
    {
        using CertificateAuthority authority = CertificateAuthority.Open(_certificates.Authority);
        string folder = Path.Combine(_certificates.Authority, "long");
        Assert.Equal(authority.NotAfter, authority.Issue(folder, "worker", ["worker"], [], DateTimeOffset.UtcNow, TimeSpan.FromDays(999)));
        using NodeCertificate certificate = NodeCertificate.LoadFolder(folder);
        Assert.Equal(authority.NotAfter, certificate.NotAfter);
    }

    [Fact]
    public void A_certificate_without_a_role_is_not_issued()
    {
        using CertificateAuthority authority = CertificateAuthority.Open(_certificates.Authority);
        string folder = Path.Combine(_certificates.Authority, "none");
        foreach (string[] roles in new string[][] { [], ["king"], ["worker", "king"] })
        {
            Assert.Throws<CertificateException>(() => authority.Issue(folder, "a", roles, [], DateTimeOffset.UtcNow, TimeSpan.FromDays(1)));
        }

        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused()
    {
        string folder = _certificates.Issue("worker");
        string key = Path.Combine(folder, NodeCertificate.KeyFile);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        Assert.Contains("chmod 600", Assert.Throws<CertificateException>(() => NodeCertificate.LoadFolder(folder)).Message);
    }

    [Theory]
    [InlineData(NodeCertificate.CertificateFile)]
    [InlineData(NodeCertificate.KeyFile)]
    [InlineData(NodeCertificate.AuthorityFile)]
    public void A_file_that_is_missing_or_garbage_is_named(string file)
    {
        string path = Path.Combine(_certificates.Issue("worker"), file);
        string folder = Path.GetDirectoryName(path)!;
        foreach (string text in new[] { "", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" })
        {
            File.WriteAllText(path, text);
            Assert.Contains(folder, Assert.Throws<CertificateException>(() => NodeCertificate.LoadFolder(folder)).Message);
        }

        File.Delete(path);
        Assert.StartsWith($"{path}: no such file", Assert.Throws<CertificateException>(() => NodeCertificate.LoadFolder(folder)).Message);
    }

    [Fact]
    public void A_key_of_another_certificate_is_refused()
    {
        string folder = _certificates.Issue("worker");
        File.Copy(Path.Combine(_certificates.Issue("worker"), NodeCertificate.KeyFile), Path.Combine(folder, NodeCertificate.KeyFile), overwrite: true);
        Assert.Contains("that fits the key", Assert.Throws<CertificateException>(() => NodeCertificate.LoadFolder(folder)).Message);
    }

    [Fact]
    public void An_ended_certificate_does_not_start_a_node()
    {
        using TestCertificates old = new(DateTimeOffset.UtcNow - TimeSpan.FromDays(1));
        string folder = old.Issue("worker", validity: TimeSpan.FromHours(1));
        Assert.Contains(", not now", Assert.Throws<CertificateException>(() => NodeCertificate.LoadFolder(folder)).Message);
    }

    [Fact]
    public void Two_authorities_are_trusted_while_one_replaces_the_other()
    {
        using TestCertificates next = new();
        string mine = _certificates.Issue("worker");
        NodeCertificate other = next.Load("server");
        using (NodeCertificate before = NodeCertificate.LoadFolder(mine))
        {
            Assert.Contains("is not one of our authority's", before.Problem(other.Certificate, null));
        }

        File.AppendAllText(Path.Combine(mine, NodeCertificate.AuthorityFile), File.ReadAllText(Path.Combine(next.Authority, NodeCertificate.AuthorityFile)));
        using NodeCertificate certificate = NodeCertificate.LoadFolder(mine);
        Assert.Null(certificate.Problem(other.Certificate, "127.0.0.1"));
        Assert.Null(certificate.Problem(certificate.Certificate, "127.0.0.1"));
    }

    [Fact]
    public void A_node_s_certificate_is_no_authority()
    {
        // A worker that issues a server's certificate by its own key, with whatever tool.
        string worker = _certificates.Issue("worker");
        string forge = Path.Combine(_certificates.Authority, "forge");
        Directory.CreateDirectory(forge);
        File.Copy(Path.Combine(worker, NodeCertificate.CertificateFile), Path.Combine(forge, NodeCertificate.AuthorityFile));
        File.Copy(Path.Combine(worker, NodeCertificate.KeyFile), Path.Combine(forge, CertificateAuthority.KeyFile));
        Assert.Contains("expected an authority's certificate", Assert.Throws<CertificateException>(() => CertificateAuthority.Open(forge)).Message);

        using X509Certificate2 issuer = X509Certificate2.CreateFromPemFile(
            Path.Combine(worker, NodeCertificate.CertificateFile), Path.Combine(worker, NodeCertificate.KeyFile));
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=server", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddUri(CertificateRoles.UriOf("server"));
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 forged = request.Create(
            issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!), issuer.NotBefore, issuer.NotAfter, [1]);
        Assert.Contains("is not one of our authority's", _certificates.Load("worker").Problem(forged, null));
    }
}
