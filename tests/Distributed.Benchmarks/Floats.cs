using System.Runtime.InteropServices;

namespace Distributed.Benchmarks;

/// <summary>Memory for a benchmark: floats at a cache line's start, all alike so that no run meets denormal numbers.</summary>
internal sealed unsafe class Floats : IDisposable
{
    public Floats(long count, float value)
    {
        Pointer = (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64);
        for (var i = 0L; i < count; i++) Pointer[i] = value;
    }

    public float* Pointer { get; }

    public nint Address => (nint)Pointer;

    public void Dispose() => NativeMemory.AlignedFree(Pointer);
}
