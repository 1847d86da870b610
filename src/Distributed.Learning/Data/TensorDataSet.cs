using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A data set that lies in two tensors. Images stay bytes, a quarter of the memory, and become numbers when they are gathered:
/// a batch costs two index selections and no managed work for a sample.
/// </summary>
internal sealed class TensorDataSet : IDataSet
{
    private readonly Tensor inputs;
    private readonly Tensor targets;
    private readonly Pixels pixels;

    /// <summary>Takes over both tensors.</summary>
    /// <param name="inputs">Uint8 or float32, <c>[samples, …input shape]</c>; floats are taken as they are.</param>
    /// <param name="targets">Int64, <c>[samples]</c>.</param>
    /// <param name="classes">Targets are in [0, classes).</param>
    /// <param name="pixels">What a byte means.</param>
    public TensorDataSet(Tensor inputs, Tensor targets, int classes, Pixels pixels)
    {
        this.inputs = inputs.DetachFromDisposeScope();
        this.targets = targets.DetachFromDisposeScope();
        this.pixels = pixels;
        InputShape = inputs.shape[1..];
        Count = (int)inputs.shape[0];
        Classes = classes;
    }

    /// <summary>Wraps images that lie one after another in managed memory, without a copy.</summary>
    public static TensorDataSet OfBytes(byte[] images, byte[] labels, IReadOnlyList<long> shape, int classes, Pixels pixels)
    {
        using var flat = frombuffer(images, ScalarType.Byte);
        using var labelBytes = frombuffer(labels, ScalarType.Byte);
        return new TensorDataSet(flat.view([labels.Length, .. shape]), labelBytes.to_type(ScalarType.Int64), classes, pixels);
    }

    public int Count { get; }

    public IReadOnlyList<long> InputShape { get; }

    public int Classes { get; }

    public Batch Gather(ReadOnlySpan<int> indices)
    {
        foreach (var index in indices)
            if ((uint)index >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(indices), index, $"expected sample numbers in [0, {Count})");
        using var guard = no_grad();
        using var rows = tensor(indices.ToArray(), ScalarType.Int64);
        var gathered = inputs.index_select(0, rows);
        if (gathered.dtype == ScalarType.Byte)
        {
            using var bytes = gathered;
            gathered = bytes.to_type(ScalarType.Float32).mul_(pixels.Scale).add_(pixels.Offset);
        }
        return new Batch(gathered.DetachFromDisposeScope(), targets.index_select(0, rows).DetachFromDisposeScope(), indices.Length);
    }

    public void Dispose()
    {
        inputs.Dispose();
        targets.Dispose();
    }
}
