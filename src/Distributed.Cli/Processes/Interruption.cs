using System.Runtime.InteropServices;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Processes;

/// <summary>
/// The user's wish that the program end. The first signal asks (<see cref="Token"/>: a checkpoint is written, nodes leave the cluster);
/// the second ends the program at once.
/// </summary>
internal sealed partial class Interruption : IDisposable
{
    private readonly CancellationTokenSource asked = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private readonly Lock gate = new();
    private Action? atOnce;
    private bool insisted;

    /// <summary>
    /// A shell script's background commands begin with SIGINT ignored, and the runtime leaves ignored signals alone: <c>kill -INT</c> would
    /// do nothing. This brings the signal back. To be called before anything that makes the runtime look at signals (the console does).
    /// </summary>
    public static void HearCtrlC()
    {
        const int interrupt = 2;
        if (!OperatingSystem.IsLinux()) return;
        var ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..];
        if ((Convert.ToUInt64(ignored.Trim(), 16) & (1UL << (interrupt - 1))) != 0) _ = SetHandler(interrupt, IntPtr.Zero);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => asked.Token;

    /// <summary>Whether a signal came.</summary>
    public bool Requested => asked.IsCancellationRequested;

    /// <summary>Takes over the terminal's and the system's ways of ending a program: Ctrl-C, termination, the terminal's end.</summary>
    /// <param name="ignore">Signals that are to have no effect at all.</param>
    public void Listen(params PosixSignal[] ignore)
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
        {
            var act = !ignore.Contains(signal);
            registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (act) Signal();
            }));
        }
    }

    /// <summary>What to do at the second signal, just before the process ends without further ado (children have to be gone then).</summary>
    public void AtOnce(Action action)
    {
        lock (gate) atOnce += action;
    }

    /// <summary>Counts one signal.</summary>
    public void Signal()
    {
        Action? end;
        lock (gate)
        {
            if (!insisted && !asked.IsCancellationRequested)
            {
                // Continuations of the token must not hold up the signal's thread, nor this lock.
                _ = asked.CancelAsync();
                return;
            }

            if (insisted) return;
            insisted = true;
            end = atOnce;
        }

        try
        {
            end?.Invoke();
        }
        finally
        {
            ProcessEnd.Now(ExitCodes.Interrupted);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        asked.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial IntPtr SetHandler(int signal, IntPtr handler);
}
