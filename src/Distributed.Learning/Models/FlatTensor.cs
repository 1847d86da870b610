using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Torch tensors over memory that torch does not own, such as a shared mapping. TorchSharp has no public call for it, so this binds the
/// function of its native library that lies below <c>torch.frombuffer</c>.
/// </summary>
public static partial class FlatTensor
{
    /// <summary>A one-dimensional float32 tensor over the given memory, without a copy.</summary>
    /// <param name="memory">Address of the first float, a multiple of 4; it must stay mapped while the tensor or a view of it is in use.</param>
    /// <param name="floats">Number of floats, above 0.</param>
    /// <returns>The tensor; disposing it leaves the memory alone. It does not belong to any dispose scope.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The address is 0 or unaligned, or there are no floats.</exception>
    public static Tensor Wrap(IntPtr memory, long floats) => Wrap(memory, floats, ScalarType.Float32);

    /// <summary>The same for elements of another type, at an address that is a multiple of their size.</summary>
    internal static Tensor Wrap(IntPtr memory, long elements, ScalarType type)
    {
        if (memory == IntPtr.Zero || memory % BytesOf(type) != 0) throw new ArgumentOutOfRangeException(nameof(memory), memory, "unaligned");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(elements);
        InitializeDeviceType(DeviceType.CPU);
        // No deleter: nothing is called back when the last view goes, so nothing managed has to be kept alive for it.
        var handle = FromBuffer(memory, IntPtr.Zero, elements, 0, (sbyte)type, (sbyte)type, (int)DeviceType.CPU, -1, false);
        if (handle == IntPtr.Zero) throw new InvalidOperationException($"torch made no tensor over {elements} elements at 0x{memory:x}");
        return Tensor.UnsafeCreateTensor(handle).DetachFromDisposeScope();
    }

    /// <summary>The size of one element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No data or weights are of this type.</exception>
    internal static int BytesOf(ScalarType type) => type switch
    {
        ScalarType.Byte => 1,
        ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "expected Byte, Int32, Int64, Float32 or BFloat16"),
    };

    // tensor.bytes ends at 2 GB, this does not.
    internal static IntPtr AddressOf(Tensor tensor) => AddressOf(tensor.Handle);

    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
    private static partial IntPtr AddressOf(IntPtr tensor);

    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_frombuffer")]
    private static partial IntPtr FromBuffer(IntPtr data, IntPtr deleter, long count, long offset, sbyte type, sbyte dtype,
        int deviceType, int deviceIndex, [MarshalAs(UnmanagedType.U1)] bool requiresGrad);
}
