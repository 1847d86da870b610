using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>One flat buffer of a layout, in its format, with a view for every entry, in order of definition.</summary>
internal sealed class FlatViews : IDisposable
{
    private readonly Tensor trained;
    private readonly Tensor? statistics;
    private readonly long split;

    public FlatViews(IntPtr memory, ParameterLayout layout)
    {
        // In float32 all elements are one tensor: fewer calls.
        split = layout.Precision == Precision.Float32 ? layout.Length : layout.TrainableLength;
        trained = layout.Precision == Precision.Float32 ? FlatTensor.Wrap(memory, split) : FlatTensor.Wrap(memory, split, ScalarType.BFloat16);
        statistics = split == layout.Length ? null : FlatTensor.Wrap(memory + (nint)layout.Format.BytesTo(split), layout.Length - split);
        Views = [.. layout.Entries.Select(View)];
    }

    public Tensor[] Views { get; }

    /// <summary>Makes all elements zero.</summary>
    public void Zero()
    {
        trained.zero_().Dispose(); // zero_, unlike its like, returns a new wrapper
        statistics?.zero_().Dispose();
    }

    /// <summary>Adds zero to all elements.</summary>
    public void AddZero()
    {
        trained.add_(0);
        statistics?.add_(0);
    }

    /// <summary>Copies all elements.</summary>
    public void CopyFrom(FlatViews from)
    {
        trained.copy_(from.trained);
        statistics?.copy_(from.statistics!);
    }

    /// <summary>Adds all elements.</summary>
    public void Add(FlatViews from) => Add(from, 0, long.MaxValue);

    /// <summary>Adds the elements [<paramref name="start"/>, <paramref name="end"/>), rounding each sum to the type of the buffer.</summary>
    public void Add(FlatViews from, long start, long end)
    {
        AddPart(trained, from.trained, start, end);
        if (statistics is not null) AddPart(statistics, from.statistics!, start - split, end - split);
    }

    public void Dispose()
    {
        foreach (var view in Views) view.Dispose();
        trained.Dispose();
        statistics?.Dispose();
    }

    private static void AddPart(Tensor into, Tensor from, long start, long end)
    {
        (start, end) = (Math.Max(start, 0), Math.Min(end, into.numel()));
        if (start >= end) return;
        using var right = into.narrow(0, start, end - start);
        using var left = from.narrow(0, start, end - start);
        right.Accumulate(left);
    }

    private Tensor View(ParameterEntry entry)
    {
        var (flat, offset) = entry.Offset < split ? (trained, entry.Offset) : (statistics!, entry.Offset - split);
        using var range = flat.narrow(0, offset, entry.Count);
        return range.view([.. entry.Shape]).DetachFromDisposeScope();
    }
}
