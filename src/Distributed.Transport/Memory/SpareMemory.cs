namespace Distributed.Transport;

/// <summary>
/// Private memory that is lent again and again, with whatever it holds by then: clearing new pages takes longer than filling old ones. What waits for its next
/// use is the system's to take where it runs short. Never more pieces wait than were lent at once. Safe to use from several threads.
/// </summary>
public sealed class SpareMemory : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<PrivateMemory> waiting = [];
    private bool disposed;

    /// <summary>Memory of a size, which its holder gives back by <see cref="Return"/>.</summary>
    /// <param name="bytes">The size, above 0; rounded up to whole pages.</param>
    /// <exception cref="InsufficientMemoryException">The machine or its control group has less memory free.</exception>
    /// <exception cref="SharedMemoryException">The system refused.</exception>
    public PrivateMemory Rent(long bytes)
    {
        lock (gate)
        {
            var size = MemoryPages.RoundUp(bytes);
            if (waiting.FindIndex(memory => memory.Bytes == size) is >= 0 and var place)
            {
                var found = waiting[place];
                waiting.RemoveAt(place);
                return found;
            }

            // Sizes have changed: one that nobody may want again makes room.
            if (waiting.Count > 0)
            {
                waiting[0].Dispose();
                waiting.RemoveAt(0);
            }
        }

        return new PrivateMemory(bytes);
    }

    /// <summary>Takes back what <see cref="Rent"/> gave; nobody uses its addresses any more.</summary>
    public void Return(PrivateMemory memory)
    {
        lock (gate)
        {
            if (!disposed)
            {
                memory.LetGo();
                waiting.Add(memory);
                return;
            }
        }

        memory.Dispose();
    }

    /// <summary>Gives back what waits, and from here on what comes.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            waiting.ForEach(memory => memory.Dispose());
            waiting.Clear();
        }
    }
}
