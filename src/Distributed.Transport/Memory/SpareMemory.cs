namespace Distributed.Transport;

/// <summary>
/// Private memory that is lent again and again, with whatever it holds by then: clearing new pages takes longer than filling old ones. Never more waits to be
/// lent than was lent at once. Safe to use from several threads.
/// </summary>
public sealed class SpareMemory : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<PrivateMemory> waiting = [];
    private bool disposed;

    /// <summary>How much waits to be lent.</summary>
    internal long WaitingBytes
    {
        get
        {
            lock (gate)
                return waiting.Sum(memory => memory.Bytes);
        }
    }

    /// <summary>Lends memory of a size.</summary>
    /// <param name="bytes">The size, above 0; rounded up to whole pages.</param>
    /// <exception cref="InsufficientMemoryException">The machine or its control group has less memory free.</exception>
    /// <exception cref="SharedMemoryException">The system refused.</exception>
    public LentMemory Lend(long bytes)
    {
        lock (gate)
        {
            var size = MemoryPages.RoundUp(bytes);
            if (waiting.FindIndex(memory => memory.Bytes == size) is >= 0 and var place)
            {
                var found = waiting[place];
                waiting.RemoveAt(place);
                return new LentMemory(this, found);
            }

            // Sizes have changed: what waits may never be wanted again.
            GiveBack();
        }

        return new LentMemory(this, new PrivateMemory(bytes));
    }

    /// <summary>Gives back to the system what waits.</summary>
    public void Clear()
    {
        lock (gate)
            GiveBack();
    }

    /// <summary>Gives back what waits, and from here on what comes.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            GiveBack();
        }
    }

    internal void Take(PrivateMemory memory)
    {
        lock (gate)
        {
            if (!disposed)
            {
                waiting.Add(memory);
                return;
            }
        }

        memory.Dispose();
    }

    private void GiveBack()
    {
        waiting.ForEach(memory => memory.Dispose());
        waiting.Clear();
    }
}
