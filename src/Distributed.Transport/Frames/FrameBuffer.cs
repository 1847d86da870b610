using System.Buffers;
using System.Buffers.Binary;

namespace Distributed.Transport;

/// <summary>A reusable buffer that a frame's header is written into, with room behind it for the start of a small payload.</summary>
internal sealed class FrameBuffer(int bytes) : IBufferWriter<byte>
{
    private readonly byte[] _bytes = new byte[bytes];
    private int _written;

    /// <summary>What was written so far.</summary>
    internal Span<byte> Written => _bytes.AsSpan(0, _written);

    /// <summary>The room that is left.</summary>
    internal Span<byte> Free => _bytes.AsSpan(_written);

    public void Advance(int count) => _written = checked(_written + count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.AsMemory(_written);

    public Span<byte> GetSpan(int sizeHint = 0) => _bytes.AsSpan(_written);

    /// <summary>Starts over, leaving room for the length that <see cref="End"/> fills in.</summary>
    internal void Begin() => _written = FrameHeader.PrefixBytes;

    internal void End() => BinaryPrimitives.WriteUInt16LittleEndian(_bytes, checked((ushort)(_written - FrameHeader.PrefixBytes)));
}
