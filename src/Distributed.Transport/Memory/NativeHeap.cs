namespace Distributed.Transport;

/// <summary>The C library's heap, from which tensors come that have no memory of their own.</summary>
public static class NativeHeap
{
    /// <summary>
    /// Threads that come from here on share the arenas that there are, instead of having one each of up to eight a core: each keeps what was freed in it.
    /// With one arena (<c>MALLOC_ARENA_MAX</c>) a coordinator took 107 instead of 122 MB; those that exist by now stay. Nodes are started with one; this is for
    /// the process that nobody started so. To be called first of all.
    /// </summary>
    public static void ShareArenas()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Native.SetHeapOption(Native.HeapArenas, 1);
        }
    }

    /// <summary>
    /// Gives what was freed back to the system, wherever in the heap it lies. The heap of a node keeps freed memory, so that a step's tensors
    /// find theirs again; what a start needed once, or what lies between in pieces that fit nobody, would be kept for ever, too.
    /// </summary>
    public static void Trim()
    {
        if (OperatingSystem.IsLinux())
        {
            Native.TrimHeap(0);
        }
    }
}
