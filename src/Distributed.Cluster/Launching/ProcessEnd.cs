using System.Runtime.InteropServices;

namespace Distributed.Cluster.Launching;

/// <summary>
/// The end of this process that nothing can hold up. <see cref="Environment.Exit"/> first runs every shutdown hook (an actor system's may
/// wait ten seconds, a native library's may hang), so it is no bound.
/// </summary>
internal static partial class ProcessEnd
{
    /// <summary>Ends the process with an exit code. What was written to the console is out already: the runtime flushes every write.</summary>
    public static void Now(int code)
    {
        if (OperatingSystem.IsWindows()) Environment.Exit(code);
        else Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);
}
