using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Prepares a thread for computing with torch.</summary>
public static partial class ComputeThread
{
    /// <summary>
    /// Makes the process-wide <c>torch.set_num_threads</c> hold on this thread, too. OpenMP keeps the number of threads per thread, and
    /// libtorch hands the setting on only at a thread's first parallel loop: a matrix product before that would run on every core and give
    /// other bits. Asking for the number hands it on. Costs nanoseconds; everything here that computes calls it first.
    /// </summary>
    public static void Enter() => _ = get_num_threads();

    /// <summary>
    /// Keeps the calling thread, and the threads that it will start, on some cores of the machine. Linux only; elsewhere, or where the system
    /// refuses (another container's cores), the thread goes where the system puts it.
    /// </summary>
    /// <param name="cores">The system's numbers of the cores; none: any core.</param>
    public static unsafe void KeepTo(IReadOnlyList<int> cores)
    {
        const int most = 1024;
        if (!OperatingSystem.IsLinux() || cores.Count == 0) return;
        var mask = stackalloc byte[most / 8];
        new Span<byte>(mask, most / 8).Clear();
        foreach (var core in cores)
            if (core is >= 0 and < most) mask[core / 8] |= (byte)(1 << (core % 8));
        _ = SetAffinity(0, most / 8, mask);
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static unsafe partial int SetAffinity(int thread, nuint bytes, byte* mask);
}
