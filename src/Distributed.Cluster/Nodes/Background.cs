using System.Runtime.InteropServices;

namespace Distributed.Cluster.Nodes;

/// <summary>Work that may wait, on a thread of its own: it takes what others leave of the cores.</summary>
internal static partial class Background
{
    private const int ThisThread = 0;
    private const int Least = 19;

    /// <summary>
    /// From here on, for good, the calling thread gives way to all that compute. On a machine that is never idle it still gets its share, of a
    /// hundredth or two.
    /// </summary>
    public static void Enter()
    {
        // .NET's own thread priorities have no effect on Linux, where each thread has one. Anybody may lower it.
        if (OperatingSystem.IsLinux())
            _ = SetPriority(0, ThisThread, Least);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);
}
