using MessagePack;

namespace Distributed.Transport;

/// <summary>
/// What precedes every payload on the data plane, and on a shared-memory link is the whole message. On the wire: the length of
/// what follows (two bytes, little-endian), then a MessagePack array of eight integers in the order of the properties.
/// </summary>
public readonly record struct FrameHeader
{
    /// <summary>The largest payload that a frame may announce, in bytes (1 TiB).</summary>
    public const long MaximumPayloadBytes = 1L << 40;

    /// <summary>The bytes of the length before the array.</summary>
    internal const int PrefixBytes = 2;

    /// <summary>The longest array: a byte for its length, two for the kind, five for an int, nine for a long.</summary>
    internal const int MaximumBodyBytes = 1 + 2 + (3 * 5) + (4 * 9);

    private const int Fields = 8;
    private const FrameKind LastKind = FrameKind.Gather;

    /// <summary>What the frame says.</summary>
    public FrameKind Kind { get; init; }

    /// <summary>The sender's term, at least 0; a receiver drops what is older than its own.</summary>
    public long Term { get; init; }

    /// <summary>The version of the weights that the frame is about, at least 0.</summary>
    public long Version { get; init; }

    /// <summary>Stands in <see cref="Shard"/> for all shards of the server at once: where tensors are in place, one frame says so of all.</summary>
    public const int AllShards = int.MaxValue;

    /// <summary>The shard, at least 0, or <see cref="AllShards"/>.</summary>
    public int Shard { get; init; }

    /// <summary>The first of the slots whose gradients are summed here, at least 0.</summary>
    public int FirstSlot { get; init; }

    /// <summary>How many slots are summed here, at least 0.</summary>
    public int SlotCount { get; init; }

    /// <summary>A number whose meaning the kind gives (a buffer, a count of samples, a request); any value.</summary>
    public long Tag { get; init; }

    /// <summary>How many bytes follow the header: 0 to <see cref="MaximumPayloadBytes"/>.</summary>
    public long PayloadBytes { get; init; }

    /// <summary>Reads the array that follows the length.</summary>
    /// <exception cref="LinkException">It is anything but eight integers in their bounds.</exception>
    internal static FrameHeader Decode(ReadOnlyMemory<byte> body)
    {
        try
        {
            MessagePackReader reader = new(body);
            int fields = reader.ReadArrayHeader();
            if (fields != Fields)
            {
                throw new LinkException($"a frame header has {fields} fields instead of {Fields}");
            }

            FrameHeader header = new()
            {
                Kind = (FrameKind)reader.ReadByte(),
                Term = reader.ReadInt64(),
                Version = reader.ReadInt64(),
                Shard = reader.ReadInt32(),
                FirstSlot = reader.ReadInt32(),
                SlotCount = reader.ReadInt32(),
                Tag = reader.ReadInt64(),
                PayloadBytes = reader.ReadInt64(),
            };
            return !reader.End ? throw new LinkException("a frame header is longer than its fields")
                : header.Problem() is { } problem ? throw new LinkException($"a frame header has {problem}")
                : header;
        }
        catch (Exception failure) when (failure is MessagePackSerializationException or EndOfStreamException or OverflowException)
        {
            throw new LinkException("a frame header is not eight integers", failure);
        }
    }

    /// <summary>Writes length and array behind what the buffer holds.</summary>
    /// <exception cref="ArgumentException">A field is out of its bounds.</exception>
    internal void Encode(FrameBuffer buffer)
    {
        if (Problem() is { } problem)
        {
            throw new ArgumentException($"A frame header must not have {problem}.");
        }

        buffer.Begin();
        MessagePackWriter writer = new(buffer);
        writer.WriteArrayHeader(Fields);
        writer.Write((byte)Kind);
        writer.Write(Term);
        writer.Write(Version);
        writer.Write(Shard);
        writer.Write(FirstSlot);
        writer.Write(SlotCount);
        writer.Write(Tag);
        writer.Write(PayloadBytes);
        writer.Flush();
        buffer.End();
    }

    private string? Problem() =>
        Kind is 0 or > LastKind ? $"the unknown kind {(byte)Kind}"
        : Term < 0 ? $"the term {Term}"
        : Version < 0 ? $"the version {Version}"
        : Shard < 0 ? $"the shard {Shard}"
        : FirstSlot < 0 ? $"the first slot {FirstSlot}"
        : SlotCount < 0 ? $"the slot count {SlotCount}"
        : PayloadBytes is < 0 or > MaximumPayloadBytes ? $"a payload of {PayloadBytes} bytes"
        : null;
}
