using Distributed.Transport;

namespace Distributed.Cli.Benchmarks.Exchange;

/// <summary>
/// Stands in for backward: gradients that any process can tell without computing anything. Each slot has a table of numbers that repeats
/// along the parameters and moves on by <see cref="Stride"/> a version, so that a stale or foreign gradient gives other weights. The numbers
/// are multiples of 1/1024 below a half: their sums are exact in any order.
/// </summary>
internal sealed unsafe class GradientValues : IDisposable
{
    /// <summary>After so many parameters the numbers repeat.</summary>
    public const int Period = 1 << 16;

    /// <summary>By so many parameters the numbers move on a version: a whole cache line, as backward writes aligned, too.</summary>
    public const int Stride = 16 * 61;

    private readonly PrivateMemory twice = new(2 * Period * sizeof(float));

    /// <summary>The numbers of one slot, or the sum of the first several.</summary>
    /// <param name="first">The first slot.</param>
    /// <param name="count">How many are summed.</param>
    public GradientValues(int first, int count)
    {
        var table = (float*)twice.Pointer;
        for (var i = 0; i < 2 * Period; i++)
            for (var slot = first; slot < first + count; slot++)
                table[i] += Of(slot, i % Period);
    }

    /// <summary>The address of the numbers of parameters [0, <see cref="Period"/>) at a version.</summary>
    public float* At(long version) => (float*)twice.Pointer + (version * Stride % Period);

    /// <summary>Writes a version's gradient, in blocks as backward would.</summary>
    /// <param name="gradient">Address of the gradient.</param>
    /// <param name="floats">Its length.</param>
    public void Write(nint gradient, long floats, long version)
    {
        for (var start = 0L; start < floats; start += Period)
        {
            var bytes = Math.Min(Period, floats - start) * sizeof(float);
            Buffer.MemoryCopy(At(version), (float*)gradient + start, bytes, bytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => twice.Dispose();

    private static float Of(int slot, int i)
    {
        var mixed = unchecked(((uint)i * 2654435761u) + ((uint)slot * 2246822519u));
        return ((int)((mixed >> 12) & 1023) - 512) / 1024f;
    }
}
