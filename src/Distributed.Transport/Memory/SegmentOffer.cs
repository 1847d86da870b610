namespace Distributed.Transport;

/// <summary>How a process of the same host finds a <see cref="SharedSegment"/>: as a descriptor of the process that made it.</summary>
/// <param name="ProcessId">The owner's process id, as the owner sees it.</param>
/// <param name="FileDescriptor">The owner's descriptor of the memory file.</param>
/// <param name="Bytes">The segment's size: whole pages.</param>
/// <param name="Inode">
/// The kernel's number of the memory file. A process id means another process inside another container, and ids are used again
/// after a death; this number tells that what was opened is what was offered.
/// </param>
public sealed record SegmentOffer(int ProcessId, int FileDescriptor, long Bytes, long Inode)
{
    /// <summary>
    /// Opens the offered memory file after checking that it is one, that its size is sealed (else its owner could shrink it under
    /// a reader, which kills the reader), and that it is the one offered.
    /// </summary>
    /// <returns>A descriptor that the caller closes.</returns>
    /// <exception cref="SharedMemoryException">It cannot be opened here or is not what was offered.</exception>
    internal int Open(bool writable)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new SharedMemoryException("Shared memory between processes needs Linux.");
        }

        if (ProcessId <= 0 || FileDescriptor < 0 || Bytes <= 0 || Bytes % MemoryPages.Size != 0)
        {
            throw new SharedMemoryException($"{this} does not describe a shared segment.");
        }

        string path = $"/proc/{ProcessId}/fd/{FileDescriptor}";

        // What isn't a memory file must not even be opened: opening a pipe or a device can block or have an effect.
        string? target = ReadLink(path);
        if (target is null || !target.StartsWith("/memfd:", StringComparison.Ordinal))
        {
            throw new SharedMemoryException($"{path} is {target ?? "not reachable from this process"}, not a shared segment.");
        }

        int descriptor = Native.Open(path, (writable ? Native.OpenReadWrite : Native.OpenReadOnly) | Native.OpenCloseOnExec);
        if (descriptor < 0)
        {
            throw new SharedMemoryException($"Cannot open the shared segment {path}: {Native.LastError()}.");
        }

        const int sealedSize = Native.SealShrink | Native.SealGrow;
        int seals = Native.Control(descriptor, Native.GetSeals, 0);
        string? problem =
            seals < 0 || (seals & sealedSize) != sealedSize ? "its size is not sealed"
            : !Native.TryStatus(descriptor, out long inode, out long bytes) ? "its status cannot be read"
            : inode != Inode ? "it is another memory file than the one offered"
            : bytes != Bytes ? $"it holds {bytes} bytes, the offer says {Bytes}"
            : null;
        if (problem is not null)
        {
            Native.Close(descriptor);
            throw new SharedMemoryException($"The shared segment {path} is not usable: {problem}.");
        }

        return descriptor;
    }

    private static string? ReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
