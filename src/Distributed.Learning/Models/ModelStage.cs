using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Some consecutive layers of a model, whose parameters lie together in the flat vector.</summary>
/// <param name="Layers">The layers in order.</param>
/// <param name="Parameters">The numbers of their parameters.</param>
/// <param name="Start">The float where their parameters start; 0 for the first stage.</param>
/// <param name="End">The float where the next stage's start; for the last one the end of the vector, statistics included.</param>
internal sealed record ModelStage(IReadOnlyList<nn.Module<Tensor, Tensor>> Layers, IReadOnlyList<int> Parameters, long Start, long End)
{
    /// <summary>A gradient of fewer parameters is copied sooner than a stage of its own is passed.</summary>
    public const long FloatsWorthNoCopy = 128 * 1024;

    /// <summary>A stage of fewer parameters costs more, some tens of microseconds, than is gained by sending them earlier.</summary>
    public const long FloatsWorthAStage = 32 * 1024;

    /// <summary>
    /// A head's weights are computed with in blocks of about so many floats, for which a cable of 1 Gbit/s takes 17 ms: of smaller layers
    /// there is little to hide. In bfloat16 a block takes 1 MB, which a core's second cache holds.
    /// </summary>
    public const long FloatsWorthABlock = 1 << 19;

    /// <summary>
    /// The place of the first layer that has parameters, where it is fully connected: <see cref="StagedPass"/> can have its gradients
    /// computed where they belong. −1: it is another one.
    /// </summary>
    public int Head { get; } = HeadOf(Layers);

    /// <summary>
    /// How many rows of its head's weights are computed with at a time; null: all. In bfloat16 they are so in backward alone. It follows from the layer alone, never from how gradients
    /// travel: the last bits of a product may depend on it.
    /// </summary>
    public long? RowsOfABlock { get; } = RowsOf(Layers);

    /// <summary>A model as one stage.</summary>
    public static ModelStage Whole(nn.Module<Tensor, Tensor> module, ParameterLayout layout) =>
        new([module], [.. Enumerable.Range(0, layout.Parameters.Count)], 0, layout.Length);

    /// <summary>
    /// The stages of a chain of layers: each begins with a layer that has parameters. A module that shows no such structure, or whose layers
    /// share parameters, is one stage.
    /// </summary>
    /// <param name="module">The model.</param>
    /// <param name="layout">Its layout.</param>
    /// <param name="floats">How many floats a stage has at least; only the first may have fewer.</param>
    public static ModelStage[] Cut(nn.Module<Tensor, Tensor> module, ParameterLayout layout, long floats)
    {
        // A class of its own may do more in its forward pass than to pass its children.
        if (module.GetType() != typeof(Sequential)) return [Whole(module, layout)];
        nn.Module<Tensor, Tensor>[] layers = [.. module.children().OfType<nn.Module<Tensor, Tensor>>()];
        int[] counts = [.. layers.Select(layer => layer.parameters().Count())];
        if (layers.Length != module.children().Count() || counts.Sum() != layout.Parameters.Count) return [Whole(module, layout)];

        // From the end, where gradients come first.
        var stages = new List<ModelStage>();
        var (lastLayer, last, end) = (layers.Length, layout.Parameters.Count, layout.Length);
        for (var (layer, first) = (layers.Length - 1, last - counts[^1]); layer > 0; first -= counts[--layer])
        {
            if (counts[layer] == 0 || first == 0 || Math.Min(end, layout.TrainableLength) - layout.Parameters[first].Offset < floats) continue;
            stages.Add(Stage(layer, first, layout.Parameters[first].Offset));
            (lastLayer, last, end) = (layer, first, layout.Parameters[first].Offset);
        }
        stages.Add(Stage(0, 0, 0));
        stages.Reverse();
        return [.. stages];

        ModelStage Stage(int layer, int first, long start) => new(layers[layer..lastLayer], [.. Enumerable.Range(first, last - first)], start, end);
    }

    private static long? RowsOf(IReadOnlyList<nn.Module<Tensor, Tensor>> layers)
    {
        if (HeadOf(layers) is not (>= 0 and var head) || ((Linear)layers[head]).weight is not { } weight) return null;
        if (weight.numel() < 2 * FloatsWorthABlock) return null;
        // Blocks begin where an entry of a layout could.
        var ofAllBlocks = weight.numel() / FloatsWorthABlock * ParameterLayout.Alignment;
        var rows = (weight.shape[0] + ofAllBlocks - 1) / ofAllBlocks * ParameterLayout.Alignment;
        return rows < weight.shape[0] ? rows : null;
    }

    private static int HeadOf(IReadOnlyList<nn.Module<Tensor, Tensor>> layers)
    {
        var first = layers.TakeWhile(layer => !layer.parameters().Any()).Count();
        return first < layers.Count && layers[first] is Linear ? first : -1;
    }
}
