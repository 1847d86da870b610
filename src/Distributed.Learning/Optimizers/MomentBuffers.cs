namespace Distributed.Learning;

/// <summary>
/// Two buffers for the moments of a shard's optimizer: those after an even number of updates lie in one, those after an odd number in the
/// other, so that an update leaves what it read. Each has <see cref="ShardOptimizer.MomentRoom"/> bytes and begins at a cache line.
/// </summary>
/// <param name="Even">The one for even numbers.</param>
/// <param name="Odd">The one for odd numbers.</param>
public readonly record struct MomentBuffers(IntPtr Even, IntPtr Odd)
{
    /// <summary>One buffer for all: updates change it in place.</summary>
    public static MomentBuffers One(IntPtr memory) => new(memory, memory);

    /// <summary>Where the moments after so many updates lie.</summary>
    public IntPtr After(long updates) => (updates & 1) == 0 ? Even : Odd;
}
