namespace Distributed.Transport;

/// <summary>Memory of a <see cref="SpareMemory"/>, which has it again once this is disposed of: when nobody uses the addresses any more.</summary>
public sealed unsafe class LentMemory : IDisposable
{
    private readonly SpareMemory lender;
    private PrivateMemory? memory;

    internal LentMemory(SpareMemory lender, PrivateMemory memory)
    {
        this.lender = lender;
        this.memory = memory;
    }

    /// <summary>The size in bytes: whole pages.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public long Bytes => Memory.Bytes;

    /// <summary>The first byte; page-aligned.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public byte* Pointer => Memory.Pointer;

    private PrivateMemory Memory => memory ?? throw new ObjectDisposedException(nameof(LentMemory));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref memory, null) is { } lent)
            lender.Take(lent);
    }
}
