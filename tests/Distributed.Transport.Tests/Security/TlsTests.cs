using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Distributed.Transport.Tests;

public sealed unsafe class TlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public void A_link_over_tls_carries_frames_both_ways_at_once()
    {
        using Party party = Secure("server");
        using Link worker = Dial(party, _certificates.Load("worker"));
        using Link server = Party.Next(party.Accepted);
        Assert.True(worker.IsEncrypted && server.IsEncrypted);
        Assert.Equal((LinkKind.Tcp, LinkKind.Tcp), (worker.Kind, server.Kind));

        byte[] sent = RandomNumberGenerator.GetBytes(3_000_001);
        using Started<byte[]> one = new(() => Exchange(worker, sent));
        byte[] there = Exchange(server, sent);

        Assert.Equal(sent, there);
        Assert.Equal(sent, one.Result());
        Assert.True(worker.BytesSent > sent.Length && worker.BytesSent == server.BytesReceived);
    }

    [Fact]
    public void An_aborted_link_ends_the_blocked_calls_of_both_sides()
    {
        using Party party = Secure("server");
        using Link worker = Dial(party, _certificates.Load("worker"));
        using Link server = Party.Next(party.Accepted);
        using Started<bool> waiting = new(() => server.Receive(out _));
        using Started<bool> own = new(() => worker.Receive(out _));
        waiting.UntilBlocked();

        worker.Abort();

        Assert.False(waiting.Result());
        Assert.False(own.Result());
    }

    [Fact]
    public void A_worker_s_certificate_does_not_make_a_server()
    {
        // It listens where a server should, and says that it is one.
        using Party party = Secure("worker");
        var refusal = Assert.Throws<LinkRefusedException>(() => Dial(party, _certificates.Load("worker")));
        Assert.Contains("the certificate of 'worker' does not allow it to be a server, only worker", refusal.Message);
    }

    [Theory]
    [InlineData("server")]
    [InlineData("coordinator")]
    [InlineData("client")]
    public void A_certificate_of_another_role_does_not_make_a_worker(string role)
    {
        using Party party = Secure("server");
        var refusal = Assert.Throws<LinkRefusedException>(() => Dial(party, _certificates.Load(role)));
        Assert.Contains($"the certificate of '{role}' does not allow it to be a worker, only {role}", refusal.Message);
        Assert.Contains("does not allow it to be a worker", Party.Next(party.Refused).Why);
        AssertServes(party);
    }

    [Fact]
    public void A_server_at_another_address_than_its_certificate_s_is_refused()
    {
        using Party party = new(tls: new LinkTls(_certificates.Load("server", "10.0.0.9")));
        var failure = Assert.Throws<LinkException>(() => Dial(party, _certificates.Load("worker")));
        Assert.Contains("the certificate of 'server' is not for 127.0.0.1", failure.Message);
    }

    [Fact]
    public void A_certificate_of_another_authority_is_refused_by_both_sides()
    {
        using TestCertificates others = new();
        using Party party = Secure("server");
        Assert.Contains("is not one of our authority's", Assert.Throws<LinkException>(() => Dial(party, others.Load("worker"))).Message);
        // A dialler that trusts whomever it meets is still refused.
        Assert.ThrowsAny<Exception>(() => DialTrusting(party, others.Load("worker")));
        Assert.Contains("is not one of our authority's", RefusedFor(party, "authority").Why);
        AssertServes(party);
    }

    [Fact]
    public void An_expired_certificate_is_refused()
    {
        string folder = _certificates.Issue("worker");
        using Party party = Secure("server");
        using NodeCertificate worker = NodeCertificate.LoadFolder(folder);
        // The same key and authority, of yesterday. A node would not even start with it, so it is shown by a socket alone.
        string ended = _certificates.Issue("worker", from: DateTimeOffset.UtcNow - TimeSpan.FromMinutes(4), validity: TimeSpan.FromMinutes(3));
        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPemFile(
            Path.Combine(ended, NodeCertificate.CertificateFile), Path.Combine(ended, NodeCertificate.KeyFile));
        Assert.ThrowsAny<Exception>(() => DialTrusting(party, certificate));
        Assert.Contains(", not now", Party.Next(party.Refused).Why);
        AssertServes(party);
    }

    [Fact]
    public void A_caller_without_a_certificate_is_refused()
    {
        using Party party = Secure("server");
        Assert.ThrowsAny<Exception>(() => DialTrusting(party, (System.Security.Cryptography.X509Certificates.X509Certificate2?)null));
        Assert.Contains("no certificate was shown", Party.Next(party.Refused).Why);
        AssertServes(party);
    }

    [Fact]
    public void Plain_text_to_a_port_of_tls_is_refused()
    {
        using Party party = Secure("server");
        Assert.Throws<LinkException>(() => party.Dial(SameHost.Tcp));
        Assert.Contains("no TLS with the other side", Party.Next(party.Refused).Why);
        AssertServes(party);
    }

    [Fact]
    public void Tls_to_a_plain_port_is_refused()
    {
        using Party party = new();
        Assert.Throws<LinkException>(() => Dial(party, _certificates.Load("worker")));
        Assert.NotNull(Party.Next(party.Refused));
    }

    [Fact]
    public void Garbage_is_refused()
    {
        using Party party = Secure("server");
        Random random = new(1);
        for (int i = 0; i < 50; i++)
        {
            byte[] bytes = new byte[random.Next(1, 3000)];
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                // The beginning of a record of a handshake.
                new byte[] { 22, 3, 1 }.CopyTo(bytes.AsSpan(0, Math.Min(3, bytes.Length)));
            }

            using Socket socket = Connect(party);
            socket.Send(bytes);
            socket.Shutdown(SocketShutdown.Send);
            Party.Next(party.Refused);
        }

        AssertServes(party);
    }

    [Fact]
    public void A_caller_that_sends_a_byte_now_and_then_is_ended_by_the_deadline()
    {
        using Party party = new(deadline: TimeSpan.FromMilliseconds(700), tls: new LinkTls(_certificates.Load("server")));
        using Socket socket = Connect(party);
        // The header of a record that is never whole.
        byte[] slow = [22, 3, 1, 64, 0, .. new byte[1000]];
        using Started<bool> sending = new(() =>
        {
            for (int i = 0; i < slow.Length && !party.Refused.IsAddingCompleted && party.Refused.Count == 0; i++)
            {
                try
                {
                    socket.Send(slow, i, 1, SocketFlags.None);
                }
                catch (SocketException)
                {
                    break;
                }

                Thread.Sleep(20);
            }

            return true;
        });

        Assert.Equal("the handshake was not done after 0.7 s", Party.Next(party.Refused).Why);
        Assert.True(sending.Result());
    }

    [Fact]
    public void Memory_is_still_shared_on_one_host()
    {
        using SharedSegment weights = SharedSegment.Create("weights", MemoryPages.Size);
        using Party party = new(weights.Offer, tls: new LinkTls(_certificates.Load("server")));
        using Link worker = LinkDialer.Connect(
            party.Listener.Endpoint, Party.Worker, Party.Secret, weights.Offer, SameHost.Auto, Party.Patience, new LinkTls(_certificates.Load("worker")));
        Assert.Equal(LinkKind.SharedMemory, worker.Kind);
        Assert.False(worker.IsEncrypted);
    }

    private Party Secure(string role) => new(tls: new LinkTls(_certificates.Load(role)));

    private static Link Dial(Party party, NodeCertificate certificate) => LinkDialer.Connect(
        party.Listener.Endpoint, Party.Worker, Party.Secret, null, SameHost.Tcp, Party.Patience, new LinkTls(certificate));

    /// <summary>The listener still takes whoever is right.</summary>
    private void AssertServes(Party party)
    {
        using Link worker = Dial(party, _certificates.Load("worker"));
        using Link server = Party.Next(party.Accepted);
        Assert.Equal(LinkKind.Tcp, server.Kind);
    }

    private static LinkRefusal RefusedFor(Party party, string word)
    {
        while (true)
        {
            LinkRefusal refusal = Party.Next(party.Refused);
            if (refusal.Why.Contains(word))
            {
                return refusal;
            }
        }
    }

    private static Socket Connect(Party party)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, SendTimeout = 20_000 };
        socket.Connect(new IPEndPoint(IPAddress.Loopback, party.Listener.Endpoint.Port));
        return socket;
    }

    private static void DialTrusting(Party party, NodeCertificate certificate) => DialTrusting(party, certificate.Certificate);

    // What a program could do that checks nothing of the server.
    private static void DialTrusting(Party party, System.Security.Cryptography.X509Certificates.X509Certificate2? certificate)
    {
        using Socket socket = Connect(party);
        using SslStream stream = new(new NetworkStream(socket));
        stream.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = "127.0.0.1",
            ClientCertificates = certificate is null ? null : [certificate],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        // In TLS 1.3 the client is done before the server has judged it: the verdict comes with the first read.
        if (stream.Read(new byte[1]) == 0)
        {
            throw new EndOfStreamException();
        }
    }

    private static byte[] Exchange(Link link, byte[] payload)
    {
        byte[] got = new byte[payload.Length];
        using Started<bool> sending = new(() =>
        {
            fixed (byte* bytes = payload)
            {
                link.Send(new FrameHeader { Kind = FrameKind.Gradient, PayloadBytes = payload.Length }, bytes);
            }

            return true;
        });
        Assert.True(link.Receive(out FrameHeader header));
        Assert.Equal(payload.Length, header.PayloadBytes);
        fixed (byte* into = got)
        {
            link.ReceivePayload(into, got.Length);
        }

        Assert.True(sending.Result());
        return got;
    }
}
