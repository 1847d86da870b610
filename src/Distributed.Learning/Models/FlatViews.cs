using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>One flat buffer of a layout with a view for every parameter, in order of definition.</summary>
internal sealed class FlatViews : IDisposable
{
    public FlatViews(IntPtr memory, ParameterLayout layout)
    {
        Flat = FlatTensor.Wrap(memory, layout.Length);
        Views = [.. layout.Entries.Select(View)];
    }

    public Tensor Flat { get; }

    public Tensor[] Views { get; }

    public void Dispose()
    {
        foreach (var view in Views) view.Dispose();
        Flat.Dispose();
    }

    private Tensor View(ParameterEntry entry)
    {
        using var range = Flat.narrow(0, entry.Offset, entry.Count);
        return range.view([.. entry.Shape]).DetachFromDisposeScope();
    }
}
