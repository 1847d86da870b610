namespace Distributed.Transport;

/// <summary>
/// A version in shared memory that the threads of any number of processes wait for: its owner raises it, and one system call
/// (<c>futex(2)</c>) wakes them all. Linux only, as shared segments are.
/// </summary>
/// <remarks>
/// A message to each of them would take as many calls, and whoever wakes up first may take the sender's core before the others
/// have their message.
/// </remarks>
public sealed unsafe class VersionWord
{
    /// <summary>What it takes at the end of a segment: a page, so that what lies before it can be mapped by pages.</summary>
    public static readonly long Bytes = MemoryPages.Size;

    private readonly int* _word;

    /// <summary>The word at an address.</summary>
    /// <param name="address">In a shared segment, a multiple of 4. The word is worthless once the segment is unmapped.</param>
    /// <exception cref="ArgumentOutOfRangeException">The address is 0 or no multiple of 4.</exception>
    public VersionWord(byte* address)
    {
        if (address is null || ((nint)address & (sizeof(int) - 1)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(address), $"0x{(nint)address:x} is no place for a word.");
        }

        _word = (int*)address;
    }

    /// <summary>Raises it and wakes whoever waits. What was written before is seen by whoever has seen the version.</summary>
    /// <param name="version">The new version; versions grow, and those that are compared lie less than 2^31 apart.</param>
    public void Publish(long version)
    {
        Volatile.Write(ref *_word, unchecked((int)version));
        WakeAll();
    }

    /// <summary>Whether it has come as far as a version.</summary>
    /// <param name="version">The version.</param>
    public bool Has(long version) => unchecked(Volatile.Read(ref *_word) - (int)version) >= 0;

    /// <summary>Waits until it is raised, someone wakes all, or the time is over; it may also return for no reason.</summary>
    /// <param name="version">The version that the caller needs: where it is there already, the call returns at once.</param>
    /// <param name="bound">The longest wait.</param>
    public void Wait(long version, TimeSpan bound)
    {
        int seen = Volatile.Read(ref *_word);
        if (unchecked(seen - (int)version) < 0)
        {
            // The kernel compares once more: a version that is published in between is not slept through.
            Native.FutexWait(_word, seen, bound);
        }
    }

    /// <summary>Wakes whoever waits, though nothing was published: they have something else to look at.</summary>
    public void WakeAll() => Native.FutexWake(_word);
}
