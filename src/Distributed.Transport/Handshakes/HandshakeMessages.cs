using System.Buffers;
using System.Text;
using MessagePack;

namespace Distributed.Transport;

/// <summary>A message of the handshake: what each side says before the first frame. Bounded in every field.</summary>
internal abstract record HandshakeMessage
{
    /// <summary>The longest message, in bytes without its length.</summary>
    internal const int MaximumBytes = 2048;

    internal const int NonceBytes = 32;
    internal const int ProofBytes = 32;
    internal const int MaximumReasonCharacters = 512;

    /// <summary>Tells the data plane's greeting from whatever else connects to a port.</summary>
    private const string Magic = "distributed-link";

    private enum Kind : byte
    {
        Hello = 1,
        Proof = 2,
        Verdict = 3,
        Refusal = 4,
    }

    /// <summary>Reads one message.</summary>
    /// <exception cref="LinkException">It is not a message of the handshake.</exception>
    internal static HandshakeMessage Decode(ReadOnlyMemory<byte> body)
    {
        try
        {
            MessagePackReader reader = new(body);
            int fields = reader.ReadArrayHeader();
            Kind kind = (Kind)reader.ReadByte();
            HandshakeMessage message = (kind, fields) switch
            {
                (Kind.Hello, _) => ReadHello(ref reader, fields),
                (Kind.Proof, 3) => new Proof(ReadBytes(ref reader, ProofBytes, ProofBytes), reader.ReadBoolean()),
                (Kind.Verdict, 2) => new Verdict(reader.ReadBoolean()),
                (Kind.Refusal, 2) => new Refusal(Printable.Text(ReadText(ref reader, 4 * MaximumReasonCharacters))),
                _ => throw new LinkException($"a message of unknown kind {(byte)kind} with {fields} fields came"),
            };
            return reader.End ? message : throw new LinkException("a message is longer than its fields");
        }
        catch (Exception failure) when (failure is MessagePackSerializationException or EndOfStreamException or OverflowException or ArgumentOutOfRangeException)
        {
            // The last is what the reader makes of a length beyond two thousand million.
            throw new LinkException("what came is not a greeting of the data plane", failure);
        }
    }

    /// <summary>The message as it travels, without its length.</summary>
    internal byte[] Encode()
    {
        ArrayBufferWriter<byte> buffer = new(512);
        MessagePackWriter writer = new(buffer);
        switch (this)
        {
            case Hello hello:
                WriteHello(ref writer, hello);
                break;
            case Proof proof:
                writer.WriteArrayHeader(3);
                writer.Write((byte)Kind.Proof);
                writer.Write(proof.Code);
                writer.Write(proof.SharesMemory);
                break;
            case Verdict verdict:
                writer.WriteArrayHeader(2);
                writer.Write((byte)Kind.Verdict);
                writer.Write(verdict.SharesMemory);
                break;
            case Refusal refusal:
                writer.WriteArrayHeader(2);
                writer.Write((byte)Kind.Refusal);
                writer.Write(refusal.Reason[..Math.Min(refusal.Reason.Length, MaximumReasonCharacters)]);
                break;
        }

        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteHello(ref MessagePackWriter writer, Hello hello)
    {
        LinkIdentity identity = hello.Identity;
        writer.WriteArrayHeader(9);
        writer.Write((byte)Kind.Hello);
        writer.Write(Magic);
        writer.Write(identity.Protocol);
        writer.Write(identity.Node);
        writer.Write(identity.Role);
        writer.Write(identity.Job.ToByteArray());
        writer.Write(identity.LayoutHash);
        writer.Write(hello.Nonce);
        if (hello.Segment is not { } segment)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(4);
        writer.Write(segment.ProcessId);
        writer.Write(segment.FileDescriptor);
        writer.Write(segment.Bytes);
        writer.Write(segment.Inode);
    }

    /// <summary>
    /// Magic, protocol, node and role come first in every protocol, for ever, so that two nodes of different builds can still tell
    /// each other who they are; what follows them is read only where the protocols agree.
    /// </summary>
    private static Hello ReadHello(ref MessagePackReader reader, int fields)
    {
        if (fields < 5 || ReadText(ref reader, Magic.Length) != Magic)
        {
            throw new LinkException("what came is not a greeting of the data plane");
        }

        int protocol = reader.ReadInt32();
        string node = Printable.Text(ReadText(ref reader, LinkIdentity.MaximumNameBytes));
        string role = Printable.Text(ReadText(ref reader, LinkIdentity.MaximumNameBytes));
        if (protocol != LinkIdentity.CurrentProtocol)
        {
            for (int field = 5; field < fields; field++)
            {
                reader.Skip();
            }

            return new Hello(new LinkIdentity(Guid.Empty, [], node, role) { Protocol = protocol }, [], null);
        }

        if (fields != 9)
        {
            throw new LinkException($"a greeting has {fields} fields instead of 9");
        }

        Guid job = new(ReadBytes(ref reader, 16, 16));
        byte[] layout = ReadBytes(ref reader, 0, LinkIdentity.MaximumHashBytes);
        byte[] nonce = ReadBytes(ref reader, NonceBytes, NonceBytes);
        SegmentOffer? segment = null;
        if (!reader.TryReadNil())
        {
            if (reader.ReadArrayHeader() != 4)
            {
                throw new LinkException("an offer of shared memory has not four fields");
            }

            segment = new SegmentOffer(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt64(), reader.ReadInt64());
        }

        return new Hello(new LinkIdentity(job, layout, node, role) { Protocol = protocol }, nonce, segment);
    }

    private static byte[] ReadBytes(ref MessagePackReader reader, int minimum, int maximum)
    {
        ReadOnlySequence<byte> bytes = reader.ReadBytes() ?? throw new LinkException("a field is empty");
        return bytes.Length < minimum || bytes.Length > maximum
            ? throw new LinkException($"a field has {bytes.Length} bytes instead of {minimum} to {maximum}")
            : bytes.ToArray();
    }

    private static string ReadText(ref MessagePackReader reader, int maximumBytes)
    {
        ReadOnlySequence<byte> bytes = reader.ReadStringSequence() ?? throw new LinkException("a text is empty");
        return bytes.Length > maximumBytes
            ? throw new LinkException($"a text has {bytes.Length} bytes, more than {maximumBytes}")
            : Encoding.UTF8.GetString(bytes);
    }
}

/// <summary>Opens the talk of each side: who speaks, a fresh nonce, and the memory it would share on a same-host link.</summary>
internal sealed record Hello(LinkIdentity Identity, byte[] Nonce, SegmentOffer? Segment) : HandshakeMessage;

/// <summary>Proves that the sender knows the secret; says whether it could open the memory that the other side offered.</summary>
internal sealed record Proof(byte[] Code, bool SharesMemory) : HandshakeMessage;

/// <summary>The server's last word: the link stands, or only its shared memory does not work here and TCP is to be tried.</summary>
internal sealed record Verdict(bool SharesMemory) : HandshakeMessage;

/// <summary>Ends the talk: what differs, in words for people.</summary>
internal sealed record Refusal(string Reason) : HandshakeMessage;
