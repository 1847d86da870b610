using System.Net;
using System.Net.Sockets;

namespace Distributed.Transport.Tests;

public sealed unsafe class HandshakeTests
{
    private static readonly int Page = MemoryPages.Size;

    [Fact]
    public void On_one_host_both_sides_see_the_other_s_memory()
    {
        using SharedSegment weights = SharedSegment.Create("weights", Page);
        using SharedSegment gradients = SharedSegment.Create("gradients", 2 * Page);
        weights.Pointer[0] = 1;
        gradients.Pointer[0] = 2;
        using Party party = new(weights.Offer);

        using Link worker = party.Dial(mine: gradients.Offer);
        using Link server = Party.Next(party.Accepted);

        Assert.Equal((LinkKind.SharedMemory, LinkKind.SharedMemory), (worker.Kind, server.Kind));
        Assert.Null(worker.TcpReason);
        Assert.Equal(1, worker.PeerSegment!.Pointer[0]);
        Assert.Equal(2, server.PeerSegment!.Pointer[0]);
        Assert.Equal(2 * Page, server.PeerSegment.Bytes);
        Assert.Equal(weights.Offer, worker.PeerSegment.Offer);
    }

    [Fact]
    public void Tcp_can_be_forced_and_shares_nothing()
    {
        using SharedSegment weights = SharedSegment.Create("weights", Page);
        using Party party = new(weights.Offer);

        using Link worker = party.Dial(SameHost.Tcp, weights.Offer);
        using Link server = Party.Next(party.Accepted);

        Assert.Equal((LinkKind.Tcp, LinkKind.Tcp), (worker.Kind, server.Kind));
        Assert.Null(worker.PeerSegment);
        Assert.Null(server.PeerSegment);
        Assert.Null(worker.TcpReason);
    }

    [Fact]
    public void Another_host_is_reached_over_tcp()
    {
        using Party party = new();

        using Link worker = Dial(party, party.Listener.Endpoint with { HostId = "another" });

        Assert.Equal(LinkKind.Tcp, worker.Kind);
        Assert.Null(worker.TcpReason);
    }

    [Fact]
    public void A_host_s_name_is_resolved()
    {
        using Party party = new();

        using Link worker = Dial(party, party.Listener.Endpoint with { HostId = "another", Host = "localhost" });

        Assert.Equal(LinkKind.Tcp, worker.Kind);
    }

    [Fact]
    public void An_unreachable_unix_socket_falls_back_to_tcp_by_itself()
    {
        using Party party = new();

        using Link worker = Dial(party, party.Listener.Endpoint with { UnixName = "in-another-network-namespace" });

        Assert.Equal(LinkKind.Tcp, worker.Kind);
        Assert.Contains("cannot be reached from here", worker.TcpReason);
    }

    [Fact]
    public void A_worker_s_memory_that_the_server_cannot_open_falls_back_to_tcp()
    {
        using SharedSegment gradients = SharedSegment.Create("gradients", Page);
        using Party party = new();

        using Link worker = party.Dial(mine: gradients.Offer with { Inode = 1 });
        using Link server = Party.Next(party.Accepted);

        Assert.Equal((LinkKind.Tcp, LinkKind.Tcp), (worker.Kind, server.Kind));
        Assert.Contains("server-1 (server) cannot open the shared memory of worker-2 (worker)", worker.TcpReason);
        Assert.Empty(party.Refused);
    }

    [Fact]
    public void A_server_s_memory_that_the_worker_cannot_open_falls_back_to_tcp()
    {
        using Party party = new(new SegmentOffer(int.MaxValue, 3, Page, 1));

        using Link worker = party.Dial();
        using Link server = Party.Next(party.Accepted);

        Assert.Equal((LinkKind.Tcp, LinkKind.Tcp), (worker.Kind, server.Kind));
        Assert.Contains("not reachable from this process", worker.TcpReason);
        Assert.Empty(party.Refused);
    }

    public static readonly TheoryData<SameHost> Modes = [SameHost.Auto, SameHost.Tcp];

    [Theory]
    [MemberData(nameof(Modes))]
    public void Another_protocol_is_refused_on_both_sides_by_name(SameHost mode) =>
        BothHear(mode, Party.Worker with { Protocol = 3 }, "worker-2 (worker) speaks protocol 3 of the data plane, server-1 speaks 1");

    [Theory]
    [MemberData(nameof(Modes))]
    public void Another_layout_is_refused_on_both_sides_by_name(SameHost mode) => BothHear(
        mode,
        Party.Worker with { LayoutHash = [9, 9, 9, 9] },
        "worker-2 (worker) lays the model's parameters out as 09090909, server-1 (server) as 01020304");

    [Theory]
    [MemberData(nameof(Modes))]
    public void Another_job_is_refused_on_both_sides_by_name(SameHost mode) => BothHear(
        mode,
        Party.Worker with { Job = Guid.Parse("99999999-2222-3333-4444-555555555555") },
        "server-1 does not know job 99999999-2222-3333-4444-555555555555 of worker-2 (worker)");

    [Theory]
    [MemberData(nameof(Modes))]
    public void Another_secret_is_refused_on_both_sides_by_name(SameHost mode)
    {
        using Party party = new();

        var failure = Assert.Throws<LinkRefusedException>(() => party.Dial(mode, secret: new byte[32]));
        LinkRefusal refusal = Party.Next(party.Refused);

        const string expected = "do not hold the same secret of job 11111111-2222-3333-4444-555555555555";
        Assert.Contains(expected, failure.Message);
        Assert.Contains("server-1 (server)", failure.Message);
        Assert.Contains(expected, refusal.Reason);
        Assert.Equal(("worker-2", "worker"), (refusal.Node, refusal.Role));
        Assert.DoesNotContain(Convert.ToHexString(Party.Secret), refusal.Reason + failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(party.Accepted);
    }

    [Fact]
    public void A_client_that_cannot_prove_the_secret_gets_no_link()
    {
        using Party party = new();
        using Socket socket = Connected(party);
        HandshakeChannel channel = new(new Wire(socket), Party.Patience);
        channel.Send(new Hello(Party.Worker, new byte[32], null));
        Assert.IsType<Hello>(channel.Receive());
        Proof server = Assert.IsType<Proof>(channel.Receive());

        // The server's own proof, sent back.
        channel.Send(server);

        Assert.Contains("secret", Assert.IsType<Refusal>(channel.Receive()).Reason);
        Assert.Contains("secret", Party.Next(party.Refused).Reason);
        Assert.Empty(party.Accepted);
    }

    [Fact]
    public void Several_jobs_share_one_listener_and_one_can_leave()
    {
        using Party party = new();
        LinkIdentity other = Party.Server with { Job = Guid.NewGuid(), LayoutHash = [8] };
        byte[] secret = [.. Enumerable.Repeat((byte)3, 16)];
        party.Listener.Register(new LinkExpectation(other, secret));

        using Link first = party.Dial();
        using Link second = party.Dial(me: other with { Node = "worker-3" }, secret: secret);
        Assert.Equal(other.Job, second.Peer.Job);

        party.Listener.Unregister(other.Job);
        Assert.Throws<LinkRefusedException>(() => party.Dial(me: other, secret: secret));
    }

    [Fact]
    public void Garbage_instead_of_a_greeting_is_refused_and_harms_nobody()
    {
        using Party party = new();
        Random random = new(3);
        for (int round = 0; round < 100; round++)
        {
            using Socket socket = Connected(party);
            byte[] garbage = new byte[random.Next(1, 4000)];
            random.NextBytes(garbage);
            socket.Send(garbage);
            socket.Shutdown(SocketShutdown.Send);
            Assert.NotEmpty(Party.Next(party.Refused).Reason);
        }

        using Link worker = party.Dial();
        Assert.Equal("server-1", worker.Peer.Node);
    }

    [Fact]
    public void Damaged_handshake_messages_are_link_exceptions()
    {
        byte[] good = new Hello(Party.Worker, new byte[32], new SegmentOffer(1, 2, Page, 4)).Encode();
        Random random = new(8);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] damaged = [.. good];
            for (int change = 0; change < 3; change++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            Assert.True(Record.Exception(() => HandshakeMessage.Decode(damaged.AsMemory(0, random.Next(damaged.Length + 1)))) is null or LinkException);
        }
    }

    [Fact]
    public void A_silent_connection_is_ended_at_the_deadline_while_others_are_served()
    {
        using Party party = new(deadline: TimeSpan.FromSeconds(1.5));
        using Socket silent = Connected(party);
        silent.ReceiveTimeout = (int)Party.Patience.TotalMilliseconds;

        using Link worker = party.Dial();
        Assert.Equal(0, silent.Receive(new byte[1]));

        Assert.Contains("1.5 s", Party.Next(party.Refused).Reason);
    }

    [Fact]
    public void Thousands_of_silent_connections_only_shut_each_other_out()
    {
        const int many = 3000;
        using Party party = new();
        (Link worker, Link server) = party.Pair(LinkKind.Tcp);
        using Link first = worker, second = server;
        List<Socket> silent = [];
        for (int i = 0; i < many; i++)
        {
            silent.Add(Connected(party));
        }

        // At most so many are still waited for; the links that stand and whoever says what it wants are not disturbed.
        for (int i = 0; i < many - 128; i++)
        {
            Assert.Equal(PendingHandshakes.GaveWay, Party.Next(party.Refused).Why);
        }

        worker.Send(new FrameHeader { Kind = FrameKind.Goodbye });
        Assert.True(server.Receive(out _));
        using Link late = party.Dial(SameHost.Tcp);
        Assert.Equal(LinkKind.Tcp, Party.Next(party.Accepted).Kind);
        silent.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public void A_closed_listener_lets_nobody_in_and_leaves_its_links_alone()
    {
        Party party = new();
        (Link worker, Link server) = party.Pair(LinkKind.SharedMemory);
        using Link first = worker, second = server;

        party.Listener.Dispose();
        party.Listener.Dispose();

        var failure = Assert.Throws<LinkException>(() => party.Dial());
        Assert.Contains($"worker-2 (worker) cannot reach the data plane at {party.Listener.Endpoint}", failure.Message);
        worker.Send(new FrameHeader { Kind = FrameKind.Goodbye });
        Assert.True(server.Receive(out _));
    }

    [Fact]
    public void A_server_that_never_answers_is_given_up_at_the_deadline()
    {
        using Socket mute = LinkSockets.Tcp(AddressFamily.InterNetwork);
        mute.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        mute.Listen(0);
        DataEndpoint endpoint = new("127.0.0.1", ((IPEndPoint)mute.LocalEndPoint!).Port, "", "");
        TimeSpan deadline = TimeSpan.FromMilliseconds(300);

        // The first ones wait for an answer; once the queue of the listening socket is full, the next wait for a connection.
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Assert.Throws<LinkException>(() => LinkDialer.Connect(endpoint, Party.Worker, Party.Secret, null, SameHost.Tcp, deadline));
        }
    }

    [Fact]
    public void An_occupied_port_is_named()
    {
        using Party party = new();
        int port = party.Listener.Endpoint.Port;

        var failure = Assert.Throws<LinkException>(() => new LinkListener("server-9", IPAddress.Loopback, port, _ => { }, _ => { }));

        Assert.Contains($"server-9 cannot listen on 127.0.0.1:{port}", failure.Message);
    }

    [Fact]
    public void What_cannot_travel_is_refused_before_it_does()
    {
        using Party party = new();

        Assert.Throws<ArgumentException>(() => party.Dial(secret: new byte[8]));
        Assert.Throws<ArgumentException>(() => party.Dial(me: Party.Worker with { Node = new string('x', 200) }));
        Assert.Throws<ArgumentException>(() => party.Dial(me: Party.Worker with { LayoutHash = new byte[65] }));
        Assert.Throws<ArgumentException>(() => party.Listener.Register(new LinkExpectation(Party.Server, [])));
    }

    [Fact]
    public void Control_characters_of_a_peer_do_not_reach_the_logs()
    {
        using Party party = new();

        Assert.Throws<LinkRefusedException>(() => party.Dial(me: Party.Worker with { Node = "bad\u001b[2J\nname", LayoutHash = [] }));

        Assert.Contains("bad?[2J?name", Party.Next(party.Refused).Reason);
    }

    [Fact]
    public void A_secret_is_not_part_of_an_expectation_s_text() =>
        Assert.Equal("server-1 (server)", new LinkExpectation(Party.Server, Party.Secret).ToString());

    private static void BothHear(SameHost mode, LinkIdentity me, string reason)
    {
        using Party party = new();

        var failure = Assert.Throws<LinkRefusedException>(() => party.Dial(mode, me: me));
        LinkRefusal refusal = Party.Next(party.Refused);

        Assert.Contains(reason, failure.Message);
        Assert.Contains(reason, refusal.Reason);
        Assert.Equal(("worker-2", "worker"), (refusal.Node, refusal.Role));
        Assert.Empty(party.Accepted);
    }

    private static Link Dial(Party party, DataEndpoint endpoint) =>
        LinkDialer.Connect(endpoint, Party.Worker, Party.Secret, null, SameHost.Auto, Party.Patience);

    private static Socket Connected(Party party)
    {
        Socket socket = LinkSockets.Tcp(AddressFamily.InterNetwork);
        socket.Connect(IPAddress.Loopback, party.Listener.Endpoint.Port);
        return socket;
    }
}
