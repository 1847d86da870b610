using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Workers;

/// <summary>One lease at work: the places where the compute thread can be held or be told to stop.</summary>
internal sealed class WorkerTurn(TrainingMessages.Lease lease)
{
    private volatile bool stopped;

    public TrainingMessages.Lease Lease => lease;

    public long Term => lease.Term;

    public VersionGate Gate { get; } = new(lease.Servers.Homes.Count);

    public StepBoundary Boundary { get; } = new();

    /// <summary>Whether the lease is over, so that nothing that goes wrong under it means anything.</summary>
    public bool Stopped => stopped;

    /// <summary>Ends all waits of the turn; a slot that is being computed is finished first.</summary>
    public void Stop()
    {
        stopped = true;
        Gate.Fail(new OperationCanceledException("the lease is over"));
        Boundary.Release();
    }
}

/// <summary>What a worker's compute thread is to do next, as its actor's thread says: a lease, a halt between two, its end.</summary>
internal sealed class WorkerTurns
{
    private readonly object sync = new();
    private WorkerTurn? next;
    private WorkerTurn? current;
    private long halt;
    private long halted;
    private bool released;

    /// <summary>The turn that is worked at, or the next one.</summary>
    public WorkerTurn? Newest
    {
        get
        {
            lock (sync)
                return next ?? current;
        }
    }

    /// <summary>Gives the next lease; one of a term that is over is dropped.</summary>
    public void Give(TrainingMessages.Lease lease)
    {
        lock (sync)
        {
            if (lease.Term < halt || released)
                return;
            current?.Stop();
            next = new WorkerTurn(lease);
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Ends whatever is done for lower terms; <see cref="Next"/> says when that is so.</summary>
    public void Halt(long term)
    {
        lock (sync)
        {
            if (term <= halt)
                return;
            halt = term;
            if (next?.Term < term)
                next = null;
            if (current?.Term < term)
                current.Stop();
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>Ends the thread at its next look.</summary>
    public void Release()
    {
        lock (sync)
        {
            released = true;
            current?.Stop();
            next?.Stop();
            Monitor.PulseAll(sync);
        }
    }

    /// <summary>The compute thread's wait for its next turn; null ends it.</summary>
    /// <param name="quiet">Called with the term below which nothing is done any more, once a halt that asked for it.</param>
    public WorkerTurn? Next(Action<long> quiet)
    {
        lock (sync)
        {
            current = null;
            while (!released)
            {
                if (halt > halted)
                {
                    halted = halt;
                    quiet(halted);
                }

                if (next is { } turn)
                {
                    (current, next) = (turn, null);
                    return turn;
                }

                Monitor.Wait(sync);
            }

            return null;
        }
    }

    /// <summary>The compute thread's wait for the end of a turn in which it has nothing left to do.</summary>
    public void AwaitEnd(WorkerTurn turn)
    {
        lock (sync)
            while (!turn.Stopped)
                Monitor.Wait(sync);
    }
}
