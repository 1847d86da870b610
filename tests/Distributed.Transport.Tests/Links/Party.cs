using System.Collections.Concurrent;
using System.Net;

namespace Distributed.Transport.Tests;

/// <summary>A listening server of one job with what it heard, and ways for a worker to dial it.</summary>
internal sealed class Party : IDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    internal static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    internal static readonly LinkIdentity Server = new(Guid.Parse("11111111-2222-3333-4444-555555555555"), [1, 2, 3, 4], "server-1", "server");

    internal Party(SegmentOffer? segment = null, TimeSpan? deadline = null, LinkTls? tls = null)
    {
        Listener = new LinkListener("server-1", IPAddress.Loopback, 0, Accepted.Add, Refused.Add, deadline: deadline, tls: tls);
        Listener.Register(new LinkExpectation(Server, Secret, segment));
    }

    internal static LinkIdentity Worker => Server with { Node = "worker-2", Role = "worker" };

    internal LinkListener Listener { get; }

    internal BlockingCollection<Link> Accepted { get; } = [];

    internal BlockingCollection<LinkRefusal> Refused { get; } = [];

    internal Link Dial(SameHost mode = SameHost.Auto, SegmentOffer? mine = null, LinkIdentity? me = null, byte[]? secret = null) =>
        LinkDialer.Connect(Listener.Endpoint, me ?? Worker, secret ?? Secret, mine, mode, Patience);

    /// <summary>Both ends of one link.</summary>
    internal (Link Worker, Link Server) Pair(LinkKind kind)
    {
        Link worker = Dial(kind == LinkKind.Tcp ? SameHost.Tcp : SameHost.Auto);
        Assert.Equal(kind, worker.Kind);
        return (worker, Next(Accepted));
    }

    internal static T Next<T>(BlockingCollection<T> queue) =>
        queue.TryTake(out T? item, Patience) ? item : throw new TimeoutException($"No {typeof(T).Name} came within {Patience}.");

    public void Dispose()
    {
        Listener.Dispose();
        while (Accepted.TryTake(out Link? link))
        {
            link.Dispose();
        }
    }
}
