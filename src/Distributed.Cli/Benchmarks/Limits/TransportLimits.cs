using System.Net;
using System.Security.Cryptography;
using Distributed.Transport;

namespace Distributed.Cli.Benchmarks.Limits;

/// <summary>What the data plane does by itself: links without workers and servers, and the shared word that announces versions.</summary>
internal sealed unsafe class TransportLimits : IDisposable
{
    private const int RoundTrips = 2000;
    private const int Frames = 8;
    private const long FrameBytes = 32L << 20;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private readonly LinkListener listener;
    private readonly LinkListener secured;
    private readonly NodeCertificate certificate = OwnCertificate();
    private readonly (Link Near, Link Far) tcp;
    private readonly (Link Near, Link Far) tls;
    private readonly (Link Near, Link Far) local;
    private readonly SharedSegment words = SharedSegment.Create("bench", 2 * VersionWord.Bytes);
    private readonly PrivateMemory payload = new(FrameBytes);
    private readonly PrivateMemory received = new(FrameBytes);
    private long version;

    /// <summary>Opens the links.</summary>
    public TransportLimits()
    {
        var (me, secret) = (new LinkIdentity(Guid.NewGuid(), [1], "far", "server"), RandomNumberGenerator.GetBytes(32));
        using var arrived = new System.Collections.Concurrent.BlockingCollection<Link>();
        listener = new LinkListener("far", IPAddress.Loopback, 0, arrived.Add, refusal => throw new LinkException(refusal.Reason));
        listener.Register(new LinkExpectation(me, secret));
        var security = new LinkTls(certificate);
        secured = new LinkListener("far", IPAddress.Loopback, 0, arrived.Add, refusal => throw new LinkException(refusal.Reason), tls: security);
        secured.Register(new LinkExpectation(me, secret));
        tcp = Open(listener, SameHost.Tcp, null);
        tls = Open(secured, SameHost.Tcp, security);
        local = Open(listener, SameHost.Auto, null);

        (Link, Link) Open(LinkListener at, SameHost mode, LinkTls? by)
        {
            var near = LinkDialer.Connect(at.Endpoint, me with { Node = "near", Role = "worker" }, secret, null, mode, Bound, by);
            return arrived.TryTake(out var far, Bound) ? (near, far) : throw new TimeoutException($"the link did not arrive within {Bound.TotalSeconds:F0} s");
        }
    }

    /// <summary>What there is to measure.</summary>
    public IReadOnlyList<Measurement> Measurements =>
    [
        new("frame over TCP, round trip", "µs", () => RoundTrip(tcp)),
        new("frame over TLS, round trip", "µs", () => RoundTrip(tls)),
        new("frame on the same host, round trip", "µs", () => RoundTrip(local)),
        new("payload over TCP, one way", "GB/s", () => Payload(tcp)),
        new("payload over TLS, one way", "GB/s", () => Payload(tls)),
        new("version announced until seen", "µs", WakeUp),
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var link in (Link[])[tcp.Near, tcp.Far, tls.Near, tls.Far, local.Near, local.Far]) link.Dispose();
        listener.Dispose();
        secured.Dispose();
        certificate.Dispose();
        words.Dispose();
        payload.Dispose();
        received.Dispose();
    }

    // Of an authority that is gone with its folder.
    private static NodeCertificate OwnCertificate()
    {
        var folder = Directory.CreateTempSubdirectory("bench-certs-").FullName;
        try
        {
            CertificateAuthority.Create(folder, "bench", DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
            using var authority = CertificateAuthority.Open(folder);
            var node = Path.Combine(folder, "node");
            authority.Issue(node, "bench", ["server", "worker"], ["127.0.0.1"], DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
            return NodeCertificate.LoadFolder(node);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double RoundTrip((Link Near, Link Far) link)
    {
        var frame = new FrameHeader { Kind = FrameKind.Gradient, Version = 1, SlotCount = 1 };
        return TwoThreads.Run(
            () =>
            {
                for (var i = 0; i < RoundTrips; i++)
                {
                    link.Near.Send(frame);
                    Next(link.Near);
                }
            },
            () =>
            {
                for (var i = 0; i < RoundTrips; i++)
                {
                    Next(link.Far);
                    link.Far.Send(frame);
                }
            }).TotalMicroseconds / RoundTrips;
    }

    private static FrameHeader Next(Link link) => link.Receive(out var header) ? header : throw new LinkException("a benchmark's link was closed");

    private double Payload((Link Near, Link Far) link)
    {
        var frame = new FrameHeader { Kind = FrameKind.Weights, PayloadBytes = FrameBytes };
        var took = TwoThreads.Run(
            () =>
            {
                for (var i = 0; i < Frames; i++) link.Near.Send(frame, payload.Pointer);
            },
            () =>
            {
                for (var i = 0; i < Frames; i++) link.Far.ReceivePayload(received.Pointer, Next(link.Far).PayloadBytes);
            });
        return Frames * FrameBytes / took.TotalSeconds / 1e9;
    }

    // Two threads that wait for each other's word: half of a round trip, one of them asleep each time.
    private double WakeUp()
    {
        var (here, there) = (new VersionWord(words.Pointer), new VersionWord(words.Pointer + VersionWord.Bytes));
        var first = version + 1;
        version += RoundTrips;
        return TwoThreads.Run(
            () =>
            {
                for (var i = 0; i < RoundTrips; i++)
                {
                    here.Publish(first + i);
                    Until(there, first + i);
                }
            },
            () =>
            {
                for (var i = 0; i < RoundTrips; i++)
                {
                    Until(here, first + i);
                    there.Publish(first + i);
                }
            }).TotalMicroseconds / RoundTrips / 2;

        static void Until(VersionWord word, long wanted)
        {
            while (!word.Has(wanted)) word.Wait(wanted, Bound);
        }
    }
}
