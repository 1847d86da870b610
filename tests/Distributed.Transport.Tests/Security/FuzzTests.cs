using System.Net.Sockets;

namespace Distributed.Transport.Tests;

[Trait("Category", "Fuzzing")]
public sealed class FuzzTests
{
    [Fact]
    public void A_damaged_greeting_is_read_or_refused()
    {
        HandshakeMessage[] messages =
        [
            new Hello(Party.Worker, new byte[HandshakeMessage.NonceBytes], new SegmentOffer(1, 2, 4096, 3)), new Hello(Party.Server, new byte[HandshakeMessage.NonceBytes], null),
            new Proof(new byte[HandshakeMessage.ProofBytes], true), new Verdict(true), new Refusal("no"),
        ];
        byte[][] good = [.. messages.Select(message => message.Encode())];
        Fuzz.Run(20_000, random =>
        {
            Exception? failure = Record.Exception(() => HandshakeMessage.Decode(Fuzz.Damage(good[random.Next(good.Length)], random)));
            Assert.True(failure is null or LinkException, $"{failure}");
        });
    }

    [Fact]
    public void A_damaged_header_is_read_or_refused()
    {
        Fuzz.Run(20_000, random =>
        {
            Exception? failure = Record.Exception(() => FrameHeader.Decode(Fuzz.Damage(Header(random), random)));
            Assert.True(failure is null or LinkException, $"{failure}");
        });
    }

    [Fact]
    public void Damaged_frames_end_their_link_and_nothing_else()
    {
        Fuzz.Run(600, random =>
        {
            using Socket listening = LinkSockets.Unix();
            listening.Bind(LinkSockets.Abstract($"fuzz-{Guid.NewGuid():N}"));
            listening.Listen(1);
            using Socket raw = LinkSockets.Unix();
            raw.Connect(listening.LocalEndPoint!);
            using Link link = new(new Wire(listening.Accept()), LinkKind.SharedMemory, Party.Server, Party.Worker, null);
            List<byte> bytes = [];
            for (int frames = random.Next(1, 6); frames > 0; frames--)
            {
                byte[] header = Header(random);
                bytes.AddRange([(byte)header.Length, 0, .. header]);
            }

            raw.Send(Fuzz.Damage([.. bytes], random));
            raw.Shutdown(SocketShutdown.Send);
            Exception? failure = Record.Exception(() =>
            {
                while (link.Receive(out FrameHeader header))
                {
                    link.SkipPayload(header.PayloadBytes);
                }
            });
            Assert.True(failure is null or LinkException, $"{failure}");
        });
    }

    private static byte[] Header(Random random)
    {
        FrameBuffer buffer = new(1 << 10);
        new FrameHeader
        {
            Kind = (FrameKind)random.Next(1, 10),
            Term = random.Next(),
            Version = random.NextInt64(1L << 40),
            Shard = random.Next(8),
            FirstSlot = random.Next(8),
            SlotCount = random.Next(8),
            Tag = random.NextInt64(long.MinValue, long.MaxValue),
            PayloadBytes = random.Next(64),
        }.Encode(buffer);
        return buffer.Written[FrameHeader.PrefixBytes..].ToArray();
    }
}
