namespace Distributed.Transport;

/// <summary>The C library's heap, from which tensors come that have no memory of their own.</summary>
public static class NativeHeap
{
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
