using System.Buffers.Binary;
using System.Net.Sockets;

namespace Distributed.Transport;

/// <summary>
/// One data-plane connection between two nodes after a good handshake. Any thread may send; one thread, the link's own, receives,
/// and blocks while nothing comes: blocking calls answer several times faster than asynchronous ones.
/// </summary>
/// <remarks>
/// After a <see cref="LinkException"/> the link is closed. <see cref="BytesReceived"/> grows while a payload is arriving, so that
/// a peer in the middle of a long transfer can be told from a dead one.
/// </remarks>
public sealed unsafe class Link : IDisposable
{
    private const int ChunkBytes = 512 << 10;

    // A payload that fits leaves with its header in one call; the copy costs less than a second call.
    private const int SendBufferBytes = 16 << 10;

    // Small, because payload that comes with a header is copied once more; large enough for many headers in one call where
    // nothing but headers travel.
    private const int TcpReadBytes = 512;
    private const int SharedReadBytes = 4096;

    private readonly Wire _wire;
    private readonly Lock _sending = new();
    private readonly FrameBuffer _out = new(SendBufferBytes);
    private readonly byte[] _in;
    private int _inStart;
    private int _inEnd;
    private long _payloadLeft;
    private long _bytesSent;
    private long _bytesReceived;
    private int _closed;
    private int _disposed;

    internal Link(Wire wire, LinkKind kind, LinkIdentity me, LinkIdentity peer, SharedSegment? peerSegment, string? tcpReason = null)
    {
        _wire = wire;
        _in = new byte[kind == LinkKind.Tcp ? TcpReadBytes : SharedReadBytes];
        Kind = kind;
        Me = me;
        Peer = peer;
        PeerSegment = peerSegment;
        TcpReason = tcpReason;
    }

    /// <summary>This node as the peer knows it.</summary>
    public LinkIdentity Me { get; }

    /// <summary>The node at the other end, which has proved that it knows the job's secret.</summary>
    public LinkIdentity Peer { get; }

    /// <summary>How the link carries tensors.</summary>
    public LinkKind Kind { get; }

    /// <summary>Whether what travels is encrypted and the peer's certificate was checked.</summary>
    public bool IsEncrypted => _wire.IsSecure;

    /// <summary>The memory that the peer shares, read-only here; null where it shares none. The link owns the mapping.</summary>
    public SharedSegment? PeerSegment { get; }

    /// <summary>Why a link that was dialled to the same host does not share memory; null where it does, or was not to.</summary>
    public string? TcpReason { get; }

    /// <summary>Bytes sent so far, headers included, the handshake not.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>Bytes received so far, headers included, the handshake not.</summary>
    public long BytesReceived => Interlocked.Read(ref _bytesReceived);

    /// <summary>Whether this side has closed the link or found it broken.</summary>
    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>
    /// Sends a frame; waits while the peer takes a long payload in. Frames of several threads never mix.
    /// </summary>
    /// <param name="header">The header; its <see cref="FrameHeader.PayloadBytes"/> says how much follows it.</param>
    /// <param name="payload">
    /// The payload, which must not change before the call returns; null where the frame has none. Gradients and weights are not
    /// sent on a shared-memory link: they are in place there, and the header has no payload.
    /// </param>
    /// <param name="withNext">
    /// A small frame waits here and leaves with the next one in one call, which wakes the peer once; of a closed link, too, the next call tells. The
    /// caller knows that another follows, or that nobody needs this one otherwise.
    /// </param>
    /// <exception cref="ArgumentException">The header is out of bounds, or announces a payload that is not given.</exception>
    /// <exception cref="LinkException">The link is broken or closed.</exception>
    public void Send(in FrameHeader header, byte* payload = null, bool withNext = false)
    {
        if (payload is null && header.PayloadBytes > 0)
        {
            throw new ArgumentException($"The header announces {header.PayloadBytes} bytes of payload, but none is given.", nameof(payload));
        }

        lock (_sending)
        {
            if (_out.Free.Length < FrameHeader.PrefixBytes + FrameHeader.MaximumBodyBytes)
            {
                SendWritten();
            }

            header.Encode(_out);
            Span<byte> room = _out.Free;
            int head = (int)Math.Min(header.PayloadBytes, room.Length);
            if (head > 0)
            {
                new ReadOnlySpan<byte>(payload, head).CopyTo(room);
                _out.Advance(head);
            }

            if (withNext && head == header.PayloadBytes)
            {
                return;
            }

            SendWritten();
            for (long sent = head; sent < header.PayloadBytes;)
            {
                int chunk = (int)Math.Min(ChunkBytes, header.PayloadBytes - sent);
                SendAll(new ReadOnlySpan<byte>(payload + sent, chunk));
                sent += chunk;
            }
        }
    }

    /// <summary>Waits for the next frame. Its payload must be received or skipped before the next call.</summary>
    /// <returns>
    /// False where the link was closed between two frames, by the peer or by this side. A process that dies closes its links, too:
    /// a peer that ends on purpose says <see cref="FrameKind.Goodbye"/> first.
    /// </returns>
    /// <exception cref="LinkException">The link broke, or what came is not a frame.</exception>
    /// <exception cref="InvalidOperationException">The payload of the frame before is not received yet.</exception>
    public bool Receive(out FrameHeader header)
    {
        header = default;
        if (_payloadLeft > 0)
        {
            throw new InvalidOperationException($"{_payloadLeft} bytes of the last frame's payload were neither received nor skipped.");
        }

        if (!Fill(FrameHeader.PrefixBytes, mayEnd: true))
        {
            return false;
        }

        int body = BinaryPrimitives.ReadUInt16LittleEndian(_in.AsSpan(_inStart));
        if (body is 0 or > FrameHeader.MaximumBodyBytes)
        {
            throw Broken($"a frame header of {body} bytes came", null);
        }

        Fill(FrameHeader.PrefixBytes + body, mayEnd: false);
        try
        {
            header = FrameHeader.Decode(_in.AsMemory(_inStart + FrameHeader.PrefixBytes, body));
        }
        catch (LinkException failure)
        {
            throw Broken(failure.Message, failure.InnerException);
        }

        _inStart += FrameHeader.PrefixBytes + body;
        _payloadLeft = header.PayloadBytes;
        return true;
    }

    /// <summary>
    /// Waits for the next bytes of the payload of the frame that <see cref="Receive"/> gave last. May be called several times a
    /// frame, to work on one part while the next arrives.
    /// </summary>
    /// <param name="into">Where they go.</param>
    /// <param name="bytes">How many: at most what is left of the payload.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative or more than is left.</exception>
    /// <exception cref="LinkException">The link broke.</exception>
    public void ReceivePayload(byte* into, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _payloadLeft);
        int buffered = (int)Math.Min(bytes, _inEnd - _inStart);
        _in.AsSpan(_inStart, buffered).CopyTo(new Span<byte>(into, buffered));
        _inStart += buffered;
        _payloadLeft -= buffered;
        for (long got = buffered; got < bytes;)
        {
            int wanted = (int)Math.Min(int.MaxValue / 2, bytes - got);
            int chunk = ReadSome(new Span<byte>(into + got, wanted));
            if (chunk == 0)
            {
                throw Broken("the connection ended in the middle of a payload", null);
            }

            got += chunk;
            _payloadLeft -= chunk;
        }
    }

    /// <summary>Drops the next bytes of the payload.</summary>
    /// <param name="bytes">How many: at most what is left of the payload.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative or more than is left.</exception>
    /// <exception cref="LinkException">The link broke.</exception>
    public void SkipPayload(long bytes)
    {
        const int room = 16 << 10;
        byte* waste = stackalloc byte[room];
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _payloadLeft);
        for (long left = bytes; left > 0; left -= Math.Min(room, left))
        {
            ReceivePayload(waste, Math.Min(room, left));
        }
    }

    /// <summary>
    /// Closes the connection at once, from any thread: blocked calls of this side end, the peer sees the end. The peer's memory
    /// stays mapped until <see cref="Dispose"/>.
    /// </summary>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        try
        {
            _wire.Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The connection had ended already, which is what was wanted.
        }
    }

    /// <summary>
    /// Closes the connection and unmaps <see cref="PeerSegment"/>. Call it when nobody reads that memory any more; until then
    /// <see cref="Abort"/> is what closes a link.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        Abort();
        _wire.Dispose();
        PeerSegment?.Dispose();
    }

    /// <summary>The kind of link and the peer, for logs.</summary>
    public override string ToString() => $"{Kind} link to {Peer}";

    private void SendWritten()
    {
        Span<byte> written = _out.Written;
        _out.Clear();
        SendAll(written);
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int sent;
            try
            {
                sent = _wire.Send(bytes);
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                throw Broken("sending failed", failure);
            }

            bytes = bytes[sent..];
            Interlocked.Add(ref _bytesSent, sent);
        }
    }

    private bool Fill(int needed, bool mayEnd)
    {
        if (_inEnd - _inStart >= needed)
        {
            return true;
        }

        _in.AsSpan(_inStart, _inEnd - _inStart).CopyTo(_in);
        _inEnd -= _inStart;
        _inStart = 0;
        while (_inEnd < needed)
        {
            int got = ReadSome(_in.AsSpan(_inEnd));
            if (got == 0)
            {
                return mayEnd && (_inEnd == 0 || IsClosed) ? false : throw Broken("the connection ended in the middle of a frame header", null);
            }

            _inEnd += got;
        }

        return true;
    }

    /// <summary>Reads what is there, waiting for at least a byte; 0 at the end of the connection.</summary>
    private int ReadSome(Span<byte> into)
    {
        try
        {
            int got = _wire.Receive(into);
            Interlocked.Add(ref _bytesReceived, got);
            return got;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return IsClosed ? 0 : throw Broken("receiving failed", failure);
        }
    }

    private LinkException Broken(string what, Exception? cause)
    {
        string reason = IsClosed ? $"{what}: {Me.Node} has closed it" : cause is null ? what : $"{what}: {cause.Message}";
        Abort();
        return new LinkException($"The link to {Peer} failed: {reason}.", cause);
    }
}
