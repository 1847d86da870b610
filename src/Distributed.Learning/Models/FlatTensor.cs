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
    public static Tensor Wrap(IntPtr memory, long floats) => Wrap(memory, floats, ScalarType.Float32, sizeof(float));

    /// <summary>As the other call, over bfloat16.</summary>
    internal static Tensor WrapBfloat16(IntPtr memory, long count) => Wrap(memory, count, ScalarType.BFloat16, sizeof(ushort));

    private static Tensor Wrap(IntPtr memory, long floats, ScalarType type, int size)
    {
        if (memory == IntPtr.Zero || memory % size != 0) throw new ArgumentOutOfRangeException(nameof(memory), memory, "unaligned");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(floats);
        InitializeDeviceType(DeviceType.CPU);
        // No deleter: nothing is called back when the last view goes, so nothing managed has to be kept alive for it.
        var handle = FromBuffer(memory, IntPtr.Zero, floats, 0, (sbyte)type, (sbyte)type, (int)DeviceType.CPU, -1, false);
        if (handle == IntPtr.Zero) throw new InvalidOperationException($"torch made no tensor over {floats} elements of {type} at 0x{memory:x}");
        return Tensor.UnsafeCreateTensor(handle).DetachFromDisposeScope();
    }

    // tensor.bytes ends at 2 GB, its storage does not.
    internal static IntPtr AddressOf(Tensor tensor) => tensor.storage<float>().data_ptr() + (nint)(tensor.storage_offset() * sizeof(float));

    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_frombuffer")]
    private static partial IntPtr FromBuffer(IntPtr data, IntPtr deleter, long count, long offset, sbyte type, sbyte dtype,
        int deviceType, int deviceIndex, [MarshalAs(UnmanagedType.U1)] bool requiresGrad);
}
