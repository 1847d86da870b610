using System.Buffers;
using System.Buffers.Binary;

namespace Distributed.Transport;

/// <summary>A reusable buffer that frames' headers are written into, each with room behind it for the start of a small payload.</summary>
internal sealed class FrameBuffer(int bytes) : IBufferWriter<byte>
{
    private readonly byte[] _bytes = new byte[bytes];
    private int _header;
    private int _written;

    /// <summary>What was written so far.</summary>
    internal Span<byte> Written => _bytes.AsSpan(0, _written);

    /// <summary>The room that is left.</summary>
    internal Span<byte> Free => _bytes.AsSpan(_written);

    public void Advance(int count) => _written = checked(_written + count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.AsMemory(_written);

    public Span<byte> GetSpan(int sizeHint = 0) => _bytes.AsSpan(_written);

    /// <summary>Drops what was written.</summary>
    internal void Clear() => _written = 0;

    /// <summary>Starts a header, leaving room for its length, which <see cref="End"/> fills in.</summary>
    internal void Begin()
    {
        _header = _written;
        Advance(FrameHeader.PrefixBytes);
    }

    internal void End() =>
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(_header), checked((ushort)(_written - _header - FrameHeader.PrefixBytes)));
}
