namespace Distributed.Cluster.Workers;

/// <summary>What a worker does after an evaluation on which the job's end may depend.</summary>
internal enum BoundaryDecision
{
    /// <summary>The next step.</summary>
    GoOn,

    /// <summary>Nothing more: these weights are the last.</summary>
    Stop,

    /// <summary>The job is over for this worker.</summary>
    Released,
}

/// <summary>The point between two steps at which a worker can be held, and where a released one ends.</summary>
internal sealed class StepBoundary
{
    private readonly object sync = new();
    private Action<long>? onHeld;
    private bool released;
    private long decidedVersion = -1;
    private bool stop;

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

    /// <summary>What the job's coordinator made of the evaluation of <paramref name="version"/>.</summary>
    public void Decide(long version, bool stopThere)
    {
        lock (sync)
        {
            decidedVersion = version;
            stop = stopThere;
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Called by the worker after an evaluation on which the job's end may depend; waits for <see cref="Decide"/>.</summary>
    /// <exception cref="TimeoutException">No decision came in time.</exception>
    public BoundaryDecision AwaitDecision(long version, TimeSpan within)
    {
        var end = Environment.TickCount64 + (long)within.TotalMilliseconds;
        lock (sync)
        {
            while (!released && decidedVersion < version)
            {
                var left = end - Environment.TickCount64;
                if (left <= 0)
                    throw new TimeoutException($"waited {within.TotalSeconds:F0} s for the decision whether to go on from version {version}");
                Monitor.Wait(sync, (int)Math.Min(left, int.MaxValue));
            }

            return released ? BoundaryDecision.Released : stop ? BoundaryDecision.Stop : BoundaryDecision.GoOn;
        }
    }

    /// <summary>Called by the worker with the version it has; false means: end here. A held worker stays until it is told, since
    /// the coordinator holds it within its own deadline and its loss releases the worker. One that is to be held and may not have all
    /// of the version yet sees to that by <paramref name="arrive"/> before anybody is told.</summary>
    public bool Pass(long version, Action? arrive = null)
    {
        if (arrive is not null)
        {
            // Whoever holds it from here on holds it at the next boundary.
            lock (sync)
                if (onHeld is null)
                    return !released;
            arrive();
        }

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
