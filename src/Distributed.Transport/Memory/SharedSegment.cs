namespace Distributed.Transport;

/// <summary>
/// Memory that processes of one host share: an anonymous memory file (<c>memfd_create(2)</c>) of a fixed, sealed size. It has no
/// name in any file system, so that nothing is left behind however its owner and its readers end.
/// </summary>
/// <remarks>
/// Whoever holds the segment decides when nobody reads or writes it any more, and disposes it then: a pointer into it is
/// worthless, and deadly, afterwards. There is no finalizer for the same reason.
/// </remarks>
public sealed unsafe class SharedSegment : IDisposable
{
    private readonly int _descriptor;
    private readonly SegmentOffer _offer;
    private IntPtr _address;

    private SharedSegment(IntPtr address, int descriptor, SegmentOffer offer)
    {
        _address = address;
        _descriptor = descriptor;
        _offer = offer;
    }

    /// <summary>The first byte; page-aligned.</summary>
    /// <exception cref="ObjectDisposedException">The segment was disposed.</exception>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == IntPtr.Zero, this);
            return (byte*)_address;
        }
    }

    /// <summary>The size in bytes: what was asked for, rounded up to whole pages.</summary>
    public long Bytes => _offer.Bytes;

    /// <summary>What another process of this host needs to open this segment.</summary>
    public SegmentOffer Offer => _offer;

    /// <summary>Makes a segment of zeroes, all of whose memory is there from the start.</summary>
    /// <param name="name">A name for people who look at the process's memory map; need not be unique.</param>
    /// <param name="bytes">The size, above 0; rounded up to whole pages.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is not above 0.</exception>
    /// <exception cref="InsufficientMemoryException">The machine or its control group has less memory free.</exception>
    /// <exception cref="SharedMemoryException">The system refused.</exception>
    public static SharedSegment Create(string name, long bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new SharedMemoryException("Shared memory between processes needs Linux.");
        }

        string what = $"The shared segment '{name}'";
        MemoryPages.CheckObtainable(bytes, what);
        bytes = MemoryPages.RoundUp(bytes);
        int descriptor = Native.CreateMemoryFile(name, Native.MemoryFileCloseOnExec | Native.MemoryFileAllowSealing);
        if (descriptor < 0)
        {
            throw new SharedMemoryException($"{what} cannot be made: {Native.LastError()}.");
        }

        // Memory is taken now and not at the first touch: a page that cannot be had later would end the process without a word.
        string? problem =
            Native.Truncate(descriptor, bytes) != 0 ? Native.LastError()
            : Allocate(descriptor, bytes) is { } reason ? reason
            : Native.Control(descriptor, Native.AddSeals, Native.SealShrink | Native.SealGrow | Native.SealSeal) != 0 ? Native.LastError()
            : null;
        long inode = 0;
        if (problem is null && !Native.TryStatus(descriptor, out inode, out _))
        {
            problem = Native.LastError();
        }

        IntPtr address = Native.MapFailed;
        if (problem is null)
        {
            address = Map(descriptor, bytes, writable: true);
            problem = address == Native.MapFailed ? Native.LastError() : null;
        }

        if (problem is not null)
        {
            Native.Close(descriptor);
            throw new SharedMemoryException($"{what} of {bytes} bytes cannot be made: {problem}.");
        }

        return new SharedSegment(address, descriptor, new SegmentOffer(Environment.ProcessId, descriptor, bytes, inode));
    }

    /// <summary>Maps the segment that another process of this host offers.</summary>
    /// <param name="offer">The owner's <see cref="Offer"/>.</param>
    /// <param name="writable">Whether this process may write into it; a write to a read-only mapping ends the process.</param>
    /// <exception cref="SharedMemoryException">
    /// It cannot be opened (the owner is gone, of another user, or in another container) or is not what the offer says.
    /// </exception>
    public static SharedSegment OpenPeer(SegmentOffer offer, bool writable)
    {
        int descriptor = offer.Open(writable);
        IntPtr address = Map(descriptor, offer.Bytes, writable);
        string problem = address == Native.MapFailed ? Native.LastError() : "";
        Native.Close(descriptor);
        return address == Native.MapFailed
            ? throw new SharedMemoryException($"The shared segment of process {offer.ProcessId} cannot be mapped: {problem}.")
            : new SharedSegment(address, -1, offer);
    }

    /// <summary>Unmaps the memory; a segment that this process made lives on in the processes that have it mapped.</summary>
    public void Dispose()
    {
        IntPtr address = Interlocked.Exchange(ref _address, IntPtr.Zero);
        if (address == IntPtr.Zero)
        {
            return;
        }

        Native.Unmap(address, (nuint)Bytes);
        if (_descriptor >= 0)
        {
            Native.Close(_descriptor);
        }
    }

    private static string? Allocate(int descriptor, long bytes)
    {
        int error;
        do
        {
            error = Native.Allocate(descriptor, 0, bytes);
        }
        while (error == Native.InterruptedCall);

        return error == 0 ? null : System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error);
    }

    private static IntPtr Map(int descriptor, long bytes, bool writable) => Native.Map(
        IntPtr.Zero,
        (nuint)bytes,
        writable ? Native.ProtectionReadWrite : Native.ProtectionRead,
        Native.MapSharedFlag | Native.MapPopulate,
        descriptor,
        0);
}
