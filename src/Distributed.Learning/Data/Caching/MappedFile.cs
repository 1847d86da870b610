using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Distributed.Learning;

/// <summary>
/// A file as memory that can only be read and that all processes of a host share: its pages lie in the system's file cache, once. It is
/// unmapped when its last user has gone. A file that is deleted meanwhile stays readable.
/// </summary>
internal sealed unsafe class MappedFile
{
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private int users;

    /// <summary>Maps a whole file.</summary>
    /// <param name="handle">The open file; may be closed afterwards.</param>
    /// <param name="users">How many will call <see cref="Release"/>.</param>
    /// <exception cref="IOException">The file is empty or can't be mapped.</exception>
    public MappedFile(SafeFileHandle handle, int users)
    {
        Bytes = RandomAccess.GetLength(handle);
        if (Bytes == 0) throw new IOException("the file is empty");
        this.users = users;
        file = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        view = file.CreateViewAccessor(0, Bytes, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        Pointer = pointer;
    }

    /// <summary>How long the file is.</summary>
    public long Bytes { get; }

    /// <summary>Its first byte, at the beginning of a page.</summary>
    public byte* Pointer { get; }

    /// <summary>A part of it; at most 2 GB.</summary>
    public ReadOnlySpan<byte> Span(long offset, int length) => new(Pointer + offset, length);

    /// <summary>One user less; the last one unmaps.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref users) != 0) return;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }
}
