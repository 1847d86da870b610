using System.Runtime.InteropServices;

namespace Distributed.Transport;

/// <summary>The few Linux system calls that shared memory needs, with the constants they take.</summary>
internal static unsafe partial class Native
{
    internal const int ProtectionNone = 0;
    internal const int ProtectionRead = 1;
    internal const int ProtectionReadWrite = 3;

    internal const int MapSharedFlag = 0x01;
    internal const int MapPrivateFlag = 0x02;
    internal const int MapFixed = 0x10;
    internal const int MapAnonymous = 0x20;
    internal const int MapNoReserve = 0x4000;
    internal const int MapPopulate = 0x8000;

    internal const int OpenReadOnly = 0;
    internal const int OpenReadWrite = 2;
    internal const int OpenCloseOnExec = 0x80000;

    internal const uint MemoryFileCloseOnExec = 1;
    internal const uint MemoryFileAllowSealing = 2;

    internal const int AddSeals = 1033;
    internal const int GetSeals = 1034;
    internal const int SealSeal = 1;
    internal const int SealShrink = 2;
    internal const int SealGrow = 4;

    internal const int AdviseHugePages = 14;

    internal const int HeapArenas = -8;

    internal const int InterruptedCall = 4;

    // Without the flag for private words: the word lies in memory of several processes.
    private const nint FutexWaitOperation = 0;
    private const nint FutexWakeOperation = 1;

    private const int StatusBytes = 256;
    private const int StatusInode = 8;
    private const int StatusSize = 48;

    internal static readonly IntPtr MapFailed = -1;

    private static readonly nint FutexNumber = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;

    /// <summary>Returns 0 where the C library does not know the option.</summary>
    [LibraryImport("libc", EntryPoint = "mallopt")]
    internal static partial int SetHeapOption(int option, int value);

    /// <summary>Returns whether any memory went back to the system.</summary>
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    internal static partial int TrimHeap(nuint pad);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int CreateMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(int descriptor, long bytes);

    /// <summary>Gives every page of the file its memory; returns the error number itself instead of setting it.</summary>
    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    internal static partial int Allocate(int descriptor, long offset, long bytes);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Control(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial IntPtr Map(IntPtr address, nuint bytes, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(IntPtr address, nuint bytes);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    internal static partial int Advise(IntPtr address, nuint bytes, int advice);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, int* word, nint operation, nint value, long* timeout, nint unused, nint unused2);

    [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
    private static partial int Status(int descriptor, byte* status);

    /// <summary>
    /// The inode and size of an open file. In <c>struct stat</c> both lie at the same place on x86-64 and on arm64, the two
    /// architectures that libtorch is built for.
    /// </summary>
    internal static bool TryStatus(int descriptor, out long inode, out long bytes)
    {
        byte* status = stackalloc byte[StatusBytes];
        bool good = Status(descriptor, status) == 0;
        inode = good ? *(long*)(status + StatusInode) : 0;
        bytes = good ? *(long*)(status + StatusSize) : 0;
        return good;
    }

    /// <summary>Sleeps while the word has a value, no longer than a time. Whatever ends it, the caller looks at the word again.</summary>
    internal static void FutexWait(int* word, int value, TimeSpan bound)
    {
        long* timeout = stackalloc long[2];
        timeout[0] = (long)bound.TotalSeconds;
        timeout[1] = bound.Ticks % TimeSpan.TicksPerSecond * 100;
        SystemCall(FutexNumber, word, FutexWaitOperation, value, timeout, 0, 0);
    }

    /// <summary>Wakes all threads of all processes that sleep on the word.</summary>
    internal static void FutexWake(int* word) => SystemCall(FutexNumber, word, FutexWakeOperation, int.MaxValue, null, 0, 0);

    /// <summary>The text of the last failed call, such as "No such file or directory".</summary>
    internal static string LastError() => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
}
