using System.Net.Sockets;

namespace Distributed.Transport.Tests;

public sealed unsafe class LinkTests
{
    public static readonly TheoryData<LinkKind> Kinds = [LinkKind.Tcp, LinkKind.SharedMemory];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Headers_arrive_in_order_both_ways(LinkKind kind)
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(kind);
        using Link first = worker, second = server;

        for (int version = 0; version < 1000; version++)
        {
            worker.Send(new FrameHeader { Kind = FrameKind.Gradient, Version = version });
            server.Send(new FrameHeader { Kind = FrameKind.Weights, Version = version });
        }

        for (int version = 0; version < 1000; version++)
        {
            Assert.True(server.Receive(out FrameHeader gradient));
            Assert.True(worker.Receive(out FrameHeader weights));
            Assert.Equal((FrameKind.Gradient, version), (gradient.Kind, gradient.Version));
            Assert.Equal((FrameKind.Weights, version), (weights.Kind, weights.Version));
        }

        Assert.Equal(worker.BytesSent, server.BytesReceived);
        Assert.Equal(server.BytesSent, worker.BytesReceived);
        Assert.Equal(("worker-2", "server-1"), (server.Peer.Node, worker.Peer.Node));
    }

    [Theory]
    [InlineData(LinkKind.Tcp, 1)]
    [InlineData(LinkKind.Tcp, 500)]
    [InlineData(LinkKind.Tcp, 16 << 10)]
    [InlineData(LinkKind.Tcp, (16 << 10) + 1)]
    [InlineData(LinkKind.Tcp, (5 << 20) + 13)]
    [InlineData(LinkKind.SharedMemory, (1 << 20) + 7)]
    public void A_payload_arrives_whole_and_in_parts(LinkKind kind, int bytes)
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(kind);
        using Link first = worker, second = server;
        using PrivateMemory from = new(bytes), into = new(bytes);
        new Random(5).NextBytes(new Span<byte>(from.Pointer, bytes));
        Thread sender = new(() =>
        {
            worker.Send(new FrameHeader { Kind = FrameKind.State, PayloadBytes = bytes, Version = 1 }, from.Pointer);
            worker.Send(new FrameHeader { Kind = FrameKind.State, PayloadBytes = bytes, Version = 2 }, from.Pointer);
            worker.Send(new FrameHeader { Kind = FrameKind.Goodbye });
        });
        sender.Start();

        Assert.True(server.Receive(out FrameHeader header));
        Assert.Equal(bytes, header.PayloadBytes);
        int part = bytes / 3;
        server.ReceivePayload(into.Pointer, part);
        Assert.Throws<InvalidOperationException>(() => server.Receive(out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => server.ReceivePayload(into.Pointer, bytes + 1));
        server.ReceivePayload(into.Pointer + part, bytes - part);
        Assert.True(new ReadOnlySpan<byte>(from.Pointer, bytes).SequenceEqual(new ReadOnlySpan<byte>(into.Pointer, bytes)));

        Assert.True(server.Receive(out header));
        server.SkipPayload(header.PayloadBytes);
        Assert.True(server.Receive(out header));
        Assert.Equal(FrameKind.Goodbye, header.Kind);
        sender.Join();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_small_frame_leaves_with_the_next_one(LinkKind kind)
    {
        const int bytes = 28;
        const int many = 1000;
        using Party party = new();
        (Link worker, Link server) = party.Pair(kind);
        using Link first = worker, second = server;
        using PrivateMemory from = new(bytes), into = new(bytes);

        for (int i = 0; i < 2; i++)
        {
            worker.Send(Figures(i), from.Pointer, withNext: true);
        }

        Assert.Equal(0, worker.BytesSent);
        worker.Send(new FrameHeader { Kind = FrameKind.Gradient });

        Expect(0, 2);
        Assert.True(server.Receive(out FrameHeader header));
        Assert.Equal(FrameKind.Gradient, header.Kind);
        Assert.Equal(worker.BytesSent, server.BytesReceived);

        // More than the link has room for, and less than the socket has.
        for (int i = 2; i < many; i++)
        {
            worker.Send(Figures(i), from.Pointer, withNext: i < many - 1);
        }

        Expect(2, many);

        FrameHeader Figures(int version)
        {
            new Span<byte>(from.Pointer, bytes).Fill((byte)version);
            return new FrameHeader { Kind = FrameKind.Figures, Version = version, PayloadBytes = bytes };
        }

        void Expect(int begin, int end)
        {
            for (int i = begin; i < end; i++)
            {
                Assert.True(server.Receive(out FrameHeader figures));
                Assert.Equal((FrameKind.Figures, i), (figures.Kind, figures.Version));
                server.ReceivePayload(into.Pointer, figures.PayloadBytes);
                Assert.True(new ReadOnlySpan<byte>(into.Pointer, bytes).IndexOfAnyExcept((byte)i) < 0);
            }
        }
    }

    [Theory]
    [InlineData(LinkKind.Tcp, false)]
    [InlineData(LinkKind.Tcp, true)]
    [InlineData(LinkKind.SharedMemory, true)]
    public void A_frame_larger_than_the_room_goes_at_once(LinkKind kind, bool behindSmall)
    {
        const int bytes = 20_000;
        using Party party = new();
        (Link worker, Link server) = party.Pair(kind);
        using Link first = worker, second = server;
        using PrivateMemory from = new(bytes), into = new(bytes);
        new Random(6).NextBytes(new Span<byte>(from.Pointer, bytes));

        if (behindSmall)
        {
            worker.Send(new FrameHeader { Kind = FrameKind.Figures, PayloadBytes = 100 }, from.Pointer, withNext: true);
        }

        worker.Send(new FrameHeader { Kind = FrameKind.PutState, PayloadBytes = bytes }, from.Pointer, withNext: true);

        using Started<bool> received = new(() =>
        {
            if (behindSmall)
            {
                Take(100);
            }

            return Take(bytes);
        });
        Assert.True(received.Result());
        Assert.Equal(worker.BytesSent, server.BytesReceived);

        bool Take(int expected)
        {
            Assert.True(server.Receive(out FrameHeader header));
            Assert.Equal(expected, header.PayloadBytes);
            server.ReceivePayload(into.Pointer, expected);
            return new ReadOnlySpan<byte>(into.Pointer, expected).SequenceEqual(new ReadOnlySpan<byte>(from.Pointer, expected));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Frames_of_several_threads_never_mix(LinkKind kind)
    {
        const int senders = 4;
        const int each = 50;
        using Party party = new();
        (Link worker, Link server) = party.Pair(kind);
        using Link first = worker, second = server;
        Thread[] threads = [.. Enumerable.Range(0, senders).Select(sender => new Thread(() =>
        {
            int bytes = 20_000 + sender;
            using PrivateMemory memory = new(bytes);
            new Span<byte>(memory.Pointer, bytes).Fill((byte)sender);
            for (int i = 0; i < each; i++)
            {
                worker.Send(new FrameHeader { Kind = FrameKind.PutState, Shard = sender, PayloadBytes = bytes }, memory.Pointer);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());

        using PrivateMemory into = new(30_000);
        for (int i = 0; i < senders * each; i++)
        {
            Assert.True(server.Receive(out FrameHeader header));
            Assert.Equal(20_000 + header.Shard, header.PayloadBytes);
            server.ReceivePayload(into.Pointer, header.PayloadBytes);
            ReadOnlySpan<byte> got = new(into.Pointer, (int)header.PayloadBytes);
            Assert.True(got.IndexOfAnyExcept((byte)header.Shard) < 0);
        }

        Array.ForEach(threads, thread => thread.Join());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Aborting_from_another_thread_ends_a_blocked_receive(LinkKind kind)
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(kind);
        using Link first = worker, second = server;
        using Started<bool> waiting = new(() => worker.Receive(out _));
        waiting.UntilBlocked();

        worker.Abort();

        Assert.False(waiting.Result());
        Assert.False(server.Receive(out _));
        Assert.Throws<LinkException>(() => worker.Send(new FrameHeader { Kind = FrameKind.Goodbye }));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Disposing_from_another_thread_ends_a_blocked_receive(LinkKind kind)
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(kind);
        using Link second = server;
        using Started<bool> waiting = new(() => worker.Receive(out _));
        waiting.UntilBlocked();

        worker.Dispose();
        worker.Dispose();

        Assert.False(waiting.Result());
        Assert.False(worker.Receive(out _));
    }

    [Fact]
    public void Aborting_ends_a_send_that_waits_for_a_peer_that_does_not_read()
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(LinkKind.Tcp);
        using Link first = worker, second = server;
        const int bytes = 64 << 20;
        using PrivateMemory memory = new(bytes);
        using Started<bool> sending = new(() =>
        {
            worker.Send(new FrameHeader { Kind = FrameKind.State, PayloadBytes = bytes }, memory.Pointer);
            return true;
        });
        sending.UntilBlocked();

        worker.Abort();

        Assert.Contains("server-1 (server)", Assert.Throws<LinkException>(() => sending.Result()).Message);
    }

    [Fact]
    public void A_connection_that_ends_inside_a_payload_names_the_peer()
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(LinkKind.Tcp);
        using Link first = worker, second = server;
        using PrivateMemory memory = new(1 << 20);
        worker.Send(new FrameHeader { Kind = FrameKind.State, PayloadBytes = 4096 }, memory.Pointer);
        Assert.True(server.Receive(out _));
        server.ReceivePayload(memory.Pointer, 100);
        server.SkipPayload(3996);
        using Started<bool> sending = new(() =>
        {
            worker.Send(new FrameHeader { Kind = FrameKind.State, PayloadBytes = 64 << 20 }, memory.Pointer);
            return true;
        });
        Assert.True(server.Receive(out FrameHeader header));
        worker.Abort();

        using PrivateMemory large = new(64 << 20);
        string message = Assert.Throws<LinkException>(() => server.ReceivePayload(large.Pointer, header.PayloadBytes)).Message;

        Assert.Contains("worker-2 (worker)", message);
        Assert.True(server.IsClosed);
        Assert.ThrowsAny<Exception>(() => sending.Result());
    }

    [Fact]
    public void Garbage_after_the_handshake_is_a_link_exception_and_closes_the_link()
    {
        Random random = new(11);
        for (int round = 0; round < 200; round++)
        {
            (Socket raw, Link link) = RawPair();
            using Socket socket = raw;
            using Link server = link;
            byte[] garbage = new byte[random.Next(1, 300)];
            random.NextBytes(garbage);
            socket.Send(garbage);
            socket.Shutdown(SocketShutdown.Send);
            long before = GC.GetAllocatedBytesForCurrentThread();

            var failure = Record.Exception(() =>
            {
                while (server.Receive(out FrameHeader header))
                {
                    server.SkipPayload(header.PayloadBytes);
                }
            });

            Assert.IsType<LinkException>(failure);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200_000);
            Assert.True(server.IsClosed);
        }
    }

    [Fact]
    public void A_header_that_arrives_byte_by_byte_is_read()
    {
        (Socket raw, Link link) = RawPair();
        using Socket socket = raw;
        using Link server = link;
        FrameBuffer buffer = new(128);
        FrameHeader sent = new() { Kind = FrameKind.Gradient, Version = 1 << 20, PayloadBytes = 3 };
        sent.Encode(buffer);
        byte[] wire = [.. buffer.Written.ToArray(), 7, 8, 9];
        using Started<bool> sending = new(() =>
        {
            foreach (byte value in wire)
            {
                socket.Send([value]);
            }

            return true;
        });

        Assert.True(server.Receive(out FrameHeader got));
        byte* payload = stackalloc byte[3];
        server.ReceivePayload(payload, 3);

        Assert.Equal(sent, got);
        Assert.Equal((7, 8, 9), (payload[0], payload[1], payload[2]));
        Assert.True(sending.Result());
    }

    [Fact]
    public void A_header_without_its_payload_is_not_sent()
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(LinkKind.Tcp);
        using Link first = worker, second = server;

        Assert.Throws<ArgumentException>(() => worker.Send(new FrameHeader { Kind = FrameKind.State, PayloadBytes = 10 }));
        Assert.Throws<ArgumentException>(() => worker.Send(new FrameHeader { Kind = FrameKind.State, Term = -1 }));
        worker.Send(new FrameHeader { Kind = FrameKind.Goodbye });

        Assert.True(server.Receive(out FrameHeader header));
        Assert.Equal(FrameKind.Goodbye, header.Kind);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Sending_and_receiving_allocate_nothing(LinkKind kind)
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(kind);
        using Link first = worker, second = server;
        using PrivateMemory memory = new(4096);
        Exchange(10);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Exchange(1000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Exchange(int frames)
        {
            for (int i = 0; i < frames; i++)
            {
                worker.Send(new FrameHeader { Kind = FrameKind.State, Version = i, PayloadBytes = 1000 }, memory.Pointer);
                server.Receive(out FrameHeader header);
                server.ReceivePayload(memory.Pointer, header.PayloadBytes);
            }
        }
    }

    private static (Socket Raw, Link Link) RawPair()
    {
        using Socket listening = LinkSockets.Unix();
        listening.Bind(LinkSockets.Abstract($"test-{Guid.NewGuid():N}"));
        listening.Listen(1);
        Socket raw = LinkSockets.Unix();
        raw.Connect(listening.LocalEndPoint!);
        return (raw, new Link(new Wire(listening.Accept()), LinkKind.SharedMemory, Party.Server, Party.Worker, null));
    }
}
