using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Calls that every step makes, without the objects that TorchSharp's own forms leave to the garbage collector: its scalars, shapes and tensors
/// over arrays have finalizers, or delegates that native code holds, and a collection that finds some ten of them a step stops a worker
/// for tens of milliseconds. For one size of a shape there is <c>Tensor.size(dim)</c>.
/// </summary>
internal static partial class LeanCalls
{
    /// <summary>1, for calls that take a factor besides.</summary>
    public static readonly Scalar One = 1.ToScalar();

    /// <summary>The value of a tensor of one element.</summary>
    public static double Value(this Tensor tensor)
    {
        using var value = tensor.ToScalar();
        return value.ToDouble();
    }

    /// <summary>The value of an integer tensor of one element.</summary>
    public static long Whole(this Tensor tensor)
    {
        using var value = tensor.ToScalar();
        return value.ToInt64();
    }

    /// <summary>All elements times a number.</summary>
    public static Tensor Times(this Tensor tensor, double factor)
    {
        using var scalar = factor.ToScalar();
        return tensor.mul(scalar);
    }

    /// <summary>Adds a tensor to this one, in place.</summary>
    public static Tensor Accumulate(this Tensor into, Tensor addend) => into.add_(addend, One);

    /// <summary>A tensor [count] of int64 whose elements are the caller's to write, all of them.</summary>
    /// <param name="count">How many.</param>
    /// <param name="elements">The tensor's own memory.</param>
    public static Tensor Longs(int count, out Span<long> elements)
    {
        var tensor = empty(count, ScalarType.Int64);
        elements = MemoryMarshal.Cast<byte, long>(tensor.bytes);
        return tensor;
    }

    /// <summary>Adds to the gradients of what this tensor was computed from.</summary>
    /// <param name="tensor">Any shape.</param>
    /// <param name="gradient">Its own gradient, of the same shape.</param>
    public static void Backward(this Tensor tensor, Tensor gradient)
    {
        Backward(tensor.Handle, 1, gradient.Handle, 1, false, false, IntPtr.Zero, 0);
        CheckForErrors();
    }

    [LibraryImport("LibTorchSharp", EntryPoint = "THSAutograd_backward")]
    private static partial void Backward(in IntPtr tensors, long tensorCount, in IntPtr gradients, long gradientCount,
        [MarshalAs(UnmanagedType.U1)] bool retainGraph, [MarshalAs(UnmanagedType.U1)] bool createGraph, IntPtr inputs, long inputCount);
}
