using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Memory of a server for gradients that arrive over a network. A piece has a buffer from its arrival until its shard has made the update, and
/// pieces of other shards have it afterwards: what is held follows from how far apart workers are, not from how many there are.
/// </summary>
/// <param name="mostKept">How many bytes of free buffers are kept for the next pieces.</param>
internal sealed unsafe class ReceivedGradients(long mostKept) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<nint, (PrivateMemory Memory, object Holder)> lent = [];
    private readonly Dictionary<long, Stack<PrivateMemory>> free = [];
    private long kept;

    /// <summary>What is lent or kept.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
                return kept + lent.Values.Sum(loan => loan.Memory.Bytes);
        }
    }

    /// <summary>Takes a buffer.</summary>
    /// <param name="bytes">Its least size.</param>
    /// <param name="holder">The link that it arrives by.</param>
    /// <exception cref="InsufficientMemoryException">The machine has less memory free.</exception>
    public byte* Take(long bytes, object holder)
    {
        bytes = MemoryPages.RoundUp(bytes);
        lock (gate)
        {
            PrivateMemory memory;
            if (free.TryGetValue(bytes, out var same) && same.TryPop(out var again))
                (memory, kept) = (again, kept - bytes);
            else
                memory = new PrivateMemory(bytes);
            lent.Add((nint)memory.Pointer, (memory, holder));
            return memory.Pointer;
        }
    }

    /// <summary>Nobody reads from an address any more; one that was not lent here (another process's memory) is none of ours.</summary>
    public void GiveBack(nint address)
    {
        lock (gate)
            if (lent.Remove(address, out var loan))
                Keep(loan.Memory);
    }

    /// <summary>A link is over, and nobody reads from what it brought.</summary>
    public void GiveBackAll(object holder)
    {
        lock (gate)
            foreach (var (address, loan) in lent.Where(entry => ReferenceEquals(entry.Value.Holder, holder)).ToArray())
            {
                lent.Remove(address);
                Keep(loan.Memory);
            }
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (var memory in free.Values.SelectMany(same => same).Concat(lent.Values.Select(loan => loan.Memory)))
                memory.Dispose();
            free.Clear();
            lent.Clear();
            kept = 0;
        }
    }

    private void Keep(PrivateMemory memory)
    {
        if (kept + memory.Bytes > mostKept)
        {
            memory.Dispose();
            return;
        }

        if (!free.TryGetValue(memory.Bytes, out var same))
            free.Add(memory.Bytes, same = new Stack<PrivateMemory>());
        same.Push(memory);
        kept += memory.Bytes;
    }
}
