using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A data set that lies in two tensors. Images stay bytes, a quarter of the memory, and become numbers when they are gathered:
/// a batch costs two index selections and no managed work for a sample. Either tensor may be a view in which samples overlap.
/// </summary>
internal sealed class TensorDataSet : ICacheable
{
    // A benchmark may ask for classes without end.
    private const int MostCounted = 1 << 20;

    private readonly Tensor inputs;
    private readonly Tensor targets;
    private readonly Pixels pixels;
    private Action? release;

    /// <summary>Takes over both tensors.</summary>
    /// <param name="inputs">Uint8, float32 or int64, <c>[samples, …input shape]</c>; only bytes are changed, by <paramref name="pixels"/>.</param>
    /// <param name="targets">Int64 in [0, classes), <c>[samples]</c> or <c>[samples, time]</c>; or float32, <c>[samples, outputs]</c>.</param>
    /// <param name="classes">How many classes; 0 where targets are values.</param>
    /// <param name="pixels">What a byte means.</param>
    /// <param name="release">Called when neither tensor is in use any more.</param>
    public TensorDataSet(Tensor inputs, Tensor targets, int classes, Pixels? pixels = null, Action? release = null)
    {
        this.release = release;
        this.inputs = inputs.DetachFromDisposeScope();
        this.targets = targets.DetachFromDisposeScope();
        this.pixels = pixels ?? Pixels.Plain;
        InputShape = inputs.shape[1..];
        TargetShape = targets.shape[1..];
        Count = (int)inputs.shape[0];
        Classes = classes;
        ClassCounts = classes is 0 or > MostCounted ? [] : CountClasses(targets, classes);
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

    public IReadOnlyList<long> TargetShape { get; }

    public int Classes { get; }

    public int Tokens { get; init; }

    public IReadOnlyList<long> ClassCounts { get; }

    public ValueScale TargetScale { get; init; } = ValueScale.Identity;

    public DataNotes Notes { get; init; } = DataNotes.None;

    public IReadOnlyList<Tensor> Tensors => [inputs, targets];

    public CachedSet Describe() => CachedSet.Of(this) with { Means = pixels.Means, Deviations = pixels.Deviations };

    public Batch Gather(ReadOnlySpan<int> indices)
    {
        using var guard = no_grad();
        using var rows = LeanCalls.Longs(indices.Length, out var numbers);
        for (var i = 0; i < numbers.Length; i++)
        {
            if ((uint)indices[i] >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(indices), indices[i], $"expected sample numbers in [0, {Count})");
            numbers[i] = indices[i];
        }
        var gathered = inputs.index_select(0, rows);
        if (gathered.dtype == ScalarType.Byte)
        {
            using var bytes = gathered;
            gathered = pixels.ToFloats(bytes);
        }
        return new Batch(gathered.DetachFromDisposeScope(), targets.index_select(0, rows).DetachFromDisposeScope(), indices.Length);
    }

    public void Dispose()
    {
        inputs.Dispose();
        targets.Dispose();
        Interlocked.Exchange(ref release, null)?.Invoke();
    }

    private static IReadOnlyList<long> CountClasses(Tensor targets, int classes)
    {
        using var flat = targets.reshape(-1);
        using var counts = flat.bincount(null, classes);
        return counts.data<long>().ToArray();
    }
}
