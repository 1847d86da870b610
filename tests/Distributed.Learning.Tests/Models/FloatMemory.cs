using System.Runtime.InteropServices;

namespace Distributed.Learning.Tests;

/// <summary>Native memory of floats at a 64-byte boundary, as a shared mapping gives it.</summary>
internal sealed unsafe class FloatMemory : IDisposable
{
    private readonly long floats;

    public FloatMemory(long floats, float fill = 0)
    {
        this.floats = floats;
        Address = (IntPtr)NativeMemory.AlignedAlloc((nuint)(floats * sizeof(float)), 64);
        Span.Fill(fill);
    }

    public FloatMemory(ReadOnlySpan<float> values) : this(values.Length) => values.CopyTo(Span);

    public IntPtr Address { get; }

    public Span<float> Span => new((void*)Address, (int)floats);

    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(Span);

    public void Dispose() => NativeMemory.AlignedFree((void*)Address);
}
