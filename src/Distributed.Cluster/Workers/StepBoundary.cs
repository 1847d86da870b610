namespace Distributed.Cluster.Workers;

/// <summary>The point between two steps at which a worker can be held, and where a released one ends.</summary>
internal sealed class StepBoundary
{
    private readonly object sync = new();
    private Action<long>? onHeld;
    private bool released;

    /// <summary>Holds the worker at its next boundary; <paramref name="held"/> is told at which version.</summary>
    public void Hold(Action<long> held)
    {
        lock (sync)
            onHeld = held;
    }

    /// <summary>Lets a held worker go on.</summary>
    public void Continue()
    {
        lock (sync)
        {
            onHeld = null;
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Ends the worker at its next boundary, or at once where it is held.</summary>
    public void Release()
    {
        lock (sync)
        {
            released = true;
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Called by the worker with the version it has; false means: end here. A held worker stays until it is told, since
    /// the coordinator holds it within its own deadline and its loss releases the worker.</summary>
    public bool Pass(long version)
    {
        lock (sync)
        {
            Action<long>? told = null;
            while (onHeld is { } held && !released)
            {
                // Who holds again before the worker has woken up asks anew, and is told, too.
                if (held == told)
                {
                    Monitor.Wait(sync);
                    continue;
                }

                told = held;
                held(version);
            }

            return !released;
        }
    }
}
