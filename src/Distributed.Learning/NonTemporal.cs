using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Distributed.Learning;

/// <summary>
/// Writing past the caches, for memory that is written whole and out of them before anyone reads it: what it replaces need not be read first.
/// After it comes a <see cref="Fence"/>, before anyone is told.
/// </summary>
internal static unsafe class NonTemporal
{
    /// <summary>Where an address has to be a multiple of, in bytes.</summary>
    public static int Alignment => Vector<byte>.Count;

    /// <summary>Writes a vector at an aligned address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(Vector<T> value, T* to) where T : unmanaged => Vector.StoreAlignedNonTemporal(value, to);

    /// <summary>Whoever is told of what was written past the caches must find it in memory.</summary>
    public static void Fence()
    {
        if (Sse.IsSupported) Sse.StoreFence();
        else Thread.MemoryBarrier();
    }

    /// <summary>Copies a row to wherever it belongs; what is not aligned at its ends goes through the caches.</summary>
    /// <param name="from">Address of the first byte.</param>
    /// <param name="to">Address of its copy.</param>
    /// <param name="bytes">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(byte* from, byte* to, long bytes)
    {
        var i = Math.Min(bytes, (Alignment - ((nint)to % Alignment)) % Alignment);
        Buffer.MemoryCopy(from, to, i, i);
        for (; i + Alignment <= bytes; i += Alignment) Store(Vector.Load(from + i), to + i);
        Buffer.MemoryCopy(from + i, to + i, bytes - i, bytes - i);
    }
}
