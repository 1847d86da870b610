using System.Runtime.InteropServices;

namespace Distributed.Cluster.Launching;

/// <summary>Signals to processes, by their numbers on Linux.</summary>
internal static partial class ProcessSignal
{
    /// <summary>Ends it at once.</summary>
    public const int Kill = 9;

    /// <summary>Lets it go on.</summary>
    public const int Continue = 18;

    /// <summary>Has it stand still, with all its threads.</summary>
    public const int Stop = 19;

    /// <summary>Sends one; what has ended gets none.</summary>
    public static void Send(int process, int signal) => _ = SendTo(process, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendTo(int process, int signal);
}
