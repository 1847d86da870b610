using System.Runtime.InteropServices;

namespace Distributed.Transport;

/// <summary>
/// One contiguous range of addresses whose parts come from different places: a replica's flat weights, of which each parameter
/// server of the same host shares its own part, and the rest is private memory that the network fills.
/// </summary>
/// <remarks>
/// The range is reserved at once and takes no memory; a part that nothing was mapped into cannot be read or written. Mapping over
/// an earlier part replaces it in one step, its old contents gone from here. As with <see cref="SharedSegment"/>, the holder
/// disposes when nobody uses the addresses any more.
/// </remarks>
public sealed unsafe class FlatMapping : IDisposable
{
    private IntPtr _address;

    /// <summary>Reserves the range.</summary>
    /// <param name="bytes">Its size, above 0; rounded up to whole pages.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is not above 0 or absurdly large.</exception>
    /// <exception cref="SharedMemoryException">The system has no such range of addresses.</exception>
    public FlatMapping(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        Bytes = MemoryPages.RoundUp(bytes);
        if (OperatingSystem.IsLinux())
        {
            _address = Native.Map(
                IntPtr.Zero,
                (nuint)Bytes,
                Native.ProtectionNone,
                Native.MapPrivateFlag | Native.MapAnonymous | Native.MapNoReserve,
                -1,
                0);
            if (_address == Native.MapFailed)
            {
                _address = IntPtr.Zero;
                throw new SharedMemoryException($"A range of {Bytes} bytes of addresses cannot be reserved: {Native.LastError()}.");
            }
        }
        else
        {
            // Nothing can be shared there, so the whole range may as well be private memory from the start.
            MemoryPages.CheckObtainable(Bytes, "A flat mapping");
            _address = (IntPtr)NativeMemory.AlignedAlloc((nuint)Bytes, (nuint)MemoryPages.Size);
            NativeMemory.Clear((void*)_address, (nuint)Bytes);
        }
    }

    /// <summary>The size of the range in bytes: whole pages.</summary>
    public long Bytes { get; }

    /// <summary>The first byte; page-aligned.</summary>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == IntPtr.Zero, this);
            return (byte*)_address;
        }
    }

    /// <summary>Shows a part of a peer's (or of one's own) shared segment at a place of this range.</summary>
    /// <param name="offset">Where in this range, in bytes: a multiple of the page size.</param>
    /// <param name="peer">The segment.</param>
    /// <param name="segmentOffset">Where in the segment, in bytes: a multiple of the page size.</param>
    /// <param name="bytes">How much: a multiple of the page size above 0.</param>
    /// <param name="writable">Whether this process may write into it.</param>
    /// <exception cref="ArgumentException">A number is not a multiple of the page size, or out of range.</exception>
    /// <exception cref="SharedMemoryException">The segment cannot be opened or mapped.</exception>
    public void MapShared(long offset, SegmentOffer peer, long segmentOffset, long bytes, bool writable)
    {
        CheckPart(offset, bytes);
        MemoryPages.CheckWhole(segmentOffset, nameof(segmentOffset));
        if (segmentOffset > peer.Bytes - bytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(segmentOffset), $"The part [{segmentOffset}, +{bytes}) lies outside the segment of {peer.Bytes} bytes.");
        }

        int descriptor = peer.Open(writable);
        try
        {
            MapFixed(offset, bytes, writable, Native.MapSharedFlag | Native.MapPopulate, descriptor, segmentOffset);
        }
        finally
        {
            Native.Close(descriptor);
        }
    }

    /// <summary>Puts private memory, all zeroes, at a place of this range.</summary>
    /// <param name="offset">Where in this range, in bytes: a multiple of the page size.</param>
    /// <param name="bytes">How much: a multiple of the page size above 0.</param>
    /// <exception cref="ArgumentException">A number is not a multiple of the page size, or out of range.</exception>
    /// <exception cref="InsufficientMemoryException">The machine or its control group has less memory free.</exception>
    /// <exception cref="SharedMemoryException">The system refused.</exception>
    public void MapPrivate(long offset, long bytes)
    {
        CheckPart(offset, bytes);
        MemoryPages.CheckObtainable(bytes, "A private part of a flat mapping");
        if (OperatingSystem.IsLinux())
        {
            MapFixed(offset, bytes, writable: true, Native.MapPrivateFlag | Native.MapAnonymous, -1, 0);
        }
        else
        {
            NativeMemory.Clear(Pointer + offset, (nuint)bytes);
        }
    }

    /// <summary>Gives the range back with all its parts; the segments shown in it live on.</summary>
    public void Dispose()
    {
        IntPtr address = Interlocked.Exchange(ref _address, IntPtr.Zero);
        if (address == IntPtr.Zero)
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            Native.Unmap(address, (nuint)Bytes);
        }
        else
        {
            NativeMemory.AlignedFree((void*)address);
        }
    }

    private void CheckPart(long offset, long bytes)
    {
        MemoryPages.CheckWhole(offset, nameof(offset));
        MemoryPages.CheckWhole(bytes, nameof(bytes));
        if (bytes == 0 || bytes > Bytes || offset > Bytes - bytes)
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), $"The part [{offset}, +{bytes}) does not lie in the range of {Bytes} bytes.");
        }
    }

    private void MapFixed(long offset, long bytes, bool writable, int flags, int descriptor, long fileOffset)
    {
        int protection = writable ? Native.ProtectionReadWrite : Native.ProtectionRead;
        IntPtr place = (IntPtr)(Pointer + offset);
        if (Native.Map(place, (nuint)bytes, protection, flags | Native.MapFixed, descriptor, fileOffset) == Native.MapFailed)
        {
            throw new SharedMemoryException($"The part [{offset}, +{bytes}) cannot be mapped: {Native.LastError()}.");
        }
    }
}
