using System.Runtime.InteropServices;

namespace Distributed.Transport;

/// <summary>Page-aligned memory of this process alone, all zeroes at first, out of the garbage collector's sight.</summary>
/// <remarks>The holder disposes when nobody uses the addresses any more.</remarks>
public sealed unsafe class PrivateMemory : IDisposable
{
    private const long WorthHugePages = 4L << 20;

    private IntPtr _address;

    /// <summary>Takes the memory.</summary>
    /// <param name="bytes">The size, above 0; rounded up to whole pages.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is not above 0.</exception>
    /// <exception cref="InsufficientMemoryException">The machine or its control group has less memory free.</exception>
    /// <exception cref="SharedMemoryException">The system refused.</exception>
    public PrivateMemory(long bytes)
    {
        MemoryPages.CheckObtainable(bytes, "Private memory");
        Bytes = MemoryPages.RoundUp(bytes);
        if (!OperatingSystem.IsLinux())
        {
            _address = (IntPtr)NativeMemory.AlignedAlloc((nuint)Bytes, (nuint)MemoryPages.Size);
            NativeMemory.Clear((void*)_address, (nuint)Bytes);
            return;
        }

        const int flags = Native.MapPrivateFlag | Native.MapAnonymous;
        _address = Native.Map(IntPtr.Zero, (nuint)Bytes, Native.ProtectionReadWrite, flags, -1, 0);
        if (_address == Native.MapFailed)
        {
            _address = IntPtr.Zero;
            throw new SharedMemoryException($"{Bytes} bytes of private memory cannot be had: {Native.LastError()}.");
        }

        if (Bytes >= WorthHugePages)
        {
            // Only advice: where the system has no huge pages for us, small ones do.
            Native.Advise(_address, (nuint)Bytes, Native.AdviseHugePages);
        }
    }

    /// <summary>The size in bytes: whole pages.</summary>
    public long Bytes { get; }

    /// <summary>The first byte; page-aligned.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == IntPtr.Zero, this);
            return (byte*)_address;
        }
    }

    /// <summary>Gives the memory back.</summary>
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
}
