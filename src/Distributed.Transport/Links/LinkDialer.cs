using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Distributed.Transport;

/// <summary>Opens links to other nodes' listeners.</summary>
public static class LinkDialer
{
    /// <summary>
    /// Opens a link. On the same host memory is shared where that works; where it does not (another container, another user) the
    /// link is made over TCP, and <see cref="Link.TcpReason"/> says why. A refusal never falls back.
    /// </summary>
    /// <param name="server">Where the other node listens.</param>
    /// <param name="me">This node; job and layout must be those that the other node expects.</param>
    /// <param name="secret">The job's secret.</param>
    /// <param name="mine">The memory that the other node may read (a worker's gradients); null where there is none.</param>
    /// <param name="mode">Whether to share memory at all.</param>
    /// <param name="deadline">For everything together: connecting, the handshake, and trying again over TCP.</param>
    /// <param name="tls">Secures links over TCP; null for plain ones.</param>
    /// <exception cref="ArgumentException">A name, the hash or the secret has a size that does not travel.</exception>
    /// <exception cref="LinkRefusedException">One side refused the other: protocol, job, layout or secret.</exception>
    /// <exception cref="LinkException">The other node cannot be reached, or not in time.</exception>
    public static Link Connect(DataEndpoint server, LinkIdentity me, byte[] secret, SegmentOffer? mine, SameHost mode, TimeSpan deadline, LinkTls? tls = null)
    {
        me.Check(secret);
        Stopwatch since = Stopwatch.StartNew();
        string? tcpReason = null;
        if (mode == SameHost.Auto && server.UnixName != "" && server.HostId != "" && server.HostId == DataEndpoint.ThisHost)
        {
            if (TryShare(server, me, secret, mine, deadline, out tcpReason) is { } link)
            {
                return link;
            }
        }

        string? failure = null;
        foreach (IPAddress address in Resolve(server, me))
        {
            TimeSpan left = deadline - since.Elapsed;
            if (left <= TimeSpan.Zero)
            {
                failure ??= "no time was left";
                break;
            }

            IPEndPoint to = new(address, server.Port);
            if (TryConnect(() => LinkSockets.Tcp(address.AddressFamily), to, left, out failure) is { } socket)
            {
                return Greet(socket, LinkKind.Tcp, server, me, secret, null, deadline - since.Elapsed, tcpReason, tls, out _)
                    ?? throw new LinkException($"{me} got no link to {server}: the node there wants shared memory over TCP.");
            }
        }

        throw new LinkException($"{me} cannot reach the data plane at {server}: {failure ?? "the name has no address"}.");
    }

    private static Link? TryShare(
        DataEndpoint server, LinkIdentity me, byte[] secret, SegmentOffer? mine, TimeSpan deadline, out string? obstacle)
    {
        if (TryConnect(LinkSockets.Unix, LinkSockets.Abstract(server.UnixName), deadline, out string? failure) is { } socket)
        {
            return Greet(socket, LinkKind.SharedMemory, server, me, secret, mine, deadline, null, null, out obstacle);
        }

        obstacle = $"the Unix-domain socket of {server} cannot be reached from here: {failure}";
        return null;
    }

    private static Link? Greet(
        Socket socket,
        LinkKind kind,
        DataEndpoint server,
        LinkIdentity me,
        byte[] secret,
        SegmentOffer? mine,
        TimeSpan deadline,
        string? tcpReason,
        LinkTls? tls,
        out string? obstacle)
    {
        Link? link = null;
        Wire wire = new(socket);
        Stopwatch since = Stopwatch.StartNew();
        using HandshakeDeadline? late = tls is null ? null : new HandshakeDeadline(socket, deadline);
        try
        {
            LinkSockets.Prepare(socket, kind);
            wire = tls?.Dial(socket, server.Host) ?? wire;
            link = Handshake.Dial(wire, kind, me, secret, mine, deadline - since.Elapsed, tcpReason, out obstacle);
            return link;
        }
        catch (LinkRefusedException refusal)
        {
            throw new LinkRefusedException($"No link from {me} to {server}: {refusal.Message}.");
        }
        catch (Exception failure) when (failure is LinkException or SocketException)
        {
            throw new LinkException($"No link from {me} to {server}: {late?.Explain(failure).Message ?? failure.Message}.", failure);
        }
        finally
        {
            if (link is null)
            {
                wire.Dispose();
            }
        }
    }

    private static Socket? TryConnect(Func<Socket> make, EndPoint to, TimeSpan within, out string? failure)
    {
        Socket? socket = null;
        try
        {
            socket = make();
            LinkSockets.Connect(socket, to, within);
            failure = null;
            return socket;
        }
        catch (SocketException problem)
        {
            socket?.Dispose();
            failure = problem.Message;
            return null;
        }
    }

    private static IPAddress[] Resolve(DataEndpoint server, LinkIdentity me)
    {
        try
        {
            return IPAddress.TryParse(server.Host, out IPAddress? address) ? [address] : Dns.GetHostAddresses(server.Host);
        }
        catch (SocketException failure)
        {
            throw new LinkException($"{me} cannot find the host of the data plane at {server}: {failure.Message}.", failure);
        }
    }
}
