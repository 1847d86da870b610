using System.Runtime.InteropServices;

namespace Distributed.Cli.Processes;

/// <summary>
/// The user's wish that the program end. The first signal asks (<see cref="Token"/>: a checkpoint is written, nodes leave the cluster);
/// the second ends the program at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource asked = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private readonly Lock gate = new();
    private Action? atOnce;
    private bool insisted;

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
}
