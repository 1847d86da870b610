using System.Net;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Transport;

namespace Distributed.Cluster.Tests.ParameterServers;

public sealed unsafe class PeerLinkTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Links are retired before their shards hear of a new term. A gradient that is taken in between is committed, so that what its slots saw has to be
    /// known: both are in the same bytes.
    /// </summary>
    [Fact]
    public void Of_a_retired_link_figures_are_taken_since_the_gradient_behind_them_may_be()
    {
        var (job, hash, secret) = (Guid.NewGuid(), new byte[32], new byte[32]);
        var figures = new SlotFigures(2);
        var saw = new ProgressMessages.SlotReport(1, 8, 2.5, 8, 3);
        using var ended = new ManualResetEventSlim();
        PeerLink? peer = null;
        using var listener = new LinkListener("server-1", IPAddress.Loopback, 0, Accept, _ => { });
        listener.Register(new LinkExpectation(new LinkIdentity(job, hash, "server-1", "server"), secret));
        using (var worker = LinkDialer.Connect(
            listener.Endpoint, new LinkIdentity(job, hash, "worker-1", "worker"), secret, null, SameHost.Tcp, Bound))
        {
            var payload = new byte[SlotFigures.BytesOfSlot];
            fixed (byte* bytes = payload)
                worker.Send(new FrameHeader { Kind = FrameKind.Figures, Version = 7, PayloadBytes = SlotFigures.Encode([saw], bytes) }, bytes, withNext: true);
            worker.Send(new FrameHeader { Kind = FrameKind.Goodbye });
        }

        Assert.True(ended.Wait(Bound));
        peer!.Dispose();
        var step = Assert.Single(figures.Below(8));
        Assert.Equal((7L, saw), (step.Step, Assert.Single(step.Slots)));

        void Accept(Link link)
        {
            peer = new PeerLink(
                link, new Dictionary<int, Shard>(), (_, _) => { }, figures, null, new ReceivedGradients(0), (_, _) => ended.Set())
            { Retired = true };
            peer.Start();
        }
    }
}
