using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Distributed.Transport;

/// <summary>
/// Where other nodes open links to this one: a TCP port and, for nodes of the same host, an abstract Unix-domain socket. Every
/// connection has its handshake on a thread of its own, so that a silent or slow one holds nobody up.
/// </summary>
public sealed class LinkListener : IDisposable
{
    /// <summary>How long a handshake may take unless the listener is told otherwise.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(10);

    private const int Backlog = 128;
    private const int HandshakesAtOnce = 64;
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(50);

    private readonly string _node;
    private readonly Action<Link> _accepted;
    private readonly Action<LinkRefusal> _refused;
    private readonly TimeSpan _deadline;
    private readonly LinkTls? _tls;
    private readonly Socket _tcp;
    private readonly Socket? _unix;
    private readonly ConcurrentDictionary<Guid, LinkExpectation> _jobs = new();
    private readonly PendingHandshakes _pending = new(HandshakesAtOnce);
    private readonly ManualResetEventSlim _closed = new();

    /// <summary>Opens the sockets and starts to accept.</summary>
    /// <param name="node">This node's name, for messages.</param>
    /// <param name="host">The address to listen on.</param>
    /// <param name="port">The TCP port; 0 picks a free one.</param>
    /// <param name="accepted">
    /// Gets every link, on the thread of its handshake; <see cref="Link.Peer"/> says whose and for which job. The receiver owns it.
    /// </param>
    /// <param name="refused">Hears of every connection that did not become a link, on the thread of its handshake.</param>
    /// <param name="advertised">The name or address that <see cref="Endpoint"/> gives to others; by default the address listened on.</param>
    /// <param name="deadline">For each handshake; by default <see cref="DefaultDeadline"/>.</param>
    /// <param name="tls">Secures links over TCP; null for plain ones.</param>
    /// <exception cref="LinkException">The address cannot be listened on.</exception>
    public LinkListener(
        string node,
        IPAddress host,
        int port,
        Action<Link> accepted,
        Action<LinkRefusal> refused,
        string? advertised = null,
        TimeSpan? deadline = null,
        LinkTls? tls = null)
    {
        _node = node;
        _accepted = accepted;
        _refused = refused;
        _deadline = deadline ?? DefaultDeadline;
        _tls = tls;
        _tcp = LinkSockets.Tcp(host.AddressFamily);
        try
        {
            _tcp.Bind(new IPEndPoint(host, port));
            _tcp.Listen(Backlog);
        }
        catch (SocketException failure)
        {
            _tcp.Dispose();
            throw new LinkException($"{node} cannot listen on {host}:{port} for the data plane: {failure.Message}.", failure);
        }

        string unixName = $"distributed-{Environment.ProcessId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        _unix = DataEndpoint.ThisHost == "" ? null : TryListen(unixName);
        int bound = ((IPEndPoint)_tcp.LocalEndPoint!).Port;
        Endpoint = new DataEndpoint(advertised ?? host.ToString(), bound, _unix is null ? "" : unixName, DataEndpoint.ThisHost);
        Start($"link accept tcp {bound}", () => Accept(_tcp, LinkKind.Tcp));
        if (_unix is { } unix)
        {
            Start("link accept unix", () => Accept(unix, LinkKind.SharedMemory));
        }
    }

    /// <summary>What others need to dial this listener.</summary>
    public DataEndpoint Endpoint { get; }

    /// <summary>Lets nodes of a job in, from now on; replaces what the same job was registered with before.</summary>
    /// <param name="expectation">What they must have and what they get.</param>
    /// <exception cref="ArgumentException">A name, the hash or the secret has a size that does not travel.</exception>
    public void Register(LinkExpectation expectation)
    {
        expectation.Me.Check(expectation.Secret);
        _jobs[expectation.Me.Job] = expectation;
    }

    /// <summary>Lets no more nodes of a job in; its links stay.</summary>
    /// <param name="job">The job.</param>
    public void Unregister(Guid job) => _jobs.TryRemove(job, out _);

    /// <summary>Stops listening and ends the handshakes under way; accepted links stay.</summary>
    public void Dispose()
    {
        if (_closed.IsSet)
        {
            return;
        }

        _closed.Set();
        _tcp.Dispose();
        _unix?.Dispose();
        _pending.EndAll();
    }

    private static Socket? TryListen(string unixName)
    {
        Socket socket = LinkSockets.Unix();
        try
        {
            socket.Bind(LinkSockets.Abstract(unixName));
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException)
        {
            // A sandbox without Unix-domain sockets: everybody comes over TCP.
            socket.Dispose();
            return null;
        }
    }

    private static void Start(string name, Action body) => new Thread(() => body()) { Name = name, IsBackground = true }.Start();

    private void Accept(Socket listening, LinkKind kind)
    {
        while (!_closed.IsSet)
        {
            Socket socket;
            try
            {
                socket = listening.Accept();
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Closed, or out of descriptors, which passes: without a pause this would spin.
                _closed.Wait(PauseAfterFailure);
                continue;
            }

            if (!_pending.TryAdd(socket, AddressOf(socket)))
            {
                Refused(socket, null, $"{HandshakesAtOnce} handshakes are under way already");
                socket.Dispose();
                continue;
            }

            Start("link handshake", () => Greet(socket, kind));
        }
    }

    private void Greet(Socket socket, LinkKind kind)
    {
        Link? link = null;
        LinkIdentity? peer = null;
        Wire wire = new(socket);
        Stopwatch since = Stopwatch.StartNew();
        LinkTls? tls = kind == LinkKind.Tcp ? _tls : null;
        using HandshakeDeadline? late = tls is null ? null : new HandshakeDeadline(socket, _deadline);
        try
        {
            LinkSockets.Prepare(socket, kind);
            wire = tls?.Accept(socket) ?? wire;
            link = Handshake.Accept(wire, kind, _node, job => _jobs.GetValueOrDefault(job), _deadline - since.Elapsed, ref peer);
        }
        catch (Exception failure)
        {
            // The top of the handshake's thread: whatever a stranger's bytes provoke ends its connection, never the process.
            if (!_closed.IsSet)
            {
                Refused(socket, peer, _pending.HasGivenWay(socket) ? PendingHandshakes.GaveWay : late?.Explain(failure).Message ?? failure.Message);
            }
        }
        finally
        {
            _pending.Remove(socket);
            if (link is null)
            {
                wire.Dispose();
            }
        }

        if (link is null)
        {
            return;
        }

        if (_closed.IsSet)
        {
            link.Dispose();
            return;
        }

        _accepted(link);
    }

    private void Refused(Socket socket, LinkIdentity? peer, string reason)
    {
        string from = socket.AddressFamily == AddressFamily.Unix ? "this host" : RemoteOf(socket) is { } remote ? $"{remote}" : "a connection that has ended";
        _refused(new LinkRefusal($"{_node} refused {peer?.ToString() ?? from}: {reason}", reason, peer?.Node, peer?.Role, from));
    }

    private static string AddressOf(Socket socket) => RemoteOf(socket) is IPEndPoint remote ? $"{remote.Address}" : "this host";

    private static EndPoint? RemoteOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
