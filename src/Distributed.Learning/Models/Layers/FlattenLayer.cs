using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Lays all dimensions of a sample in one row: <c>flatten</c>; [channels, height, width] becomes [channels · height · width].</summary>
internal sealed record FlattenLayer : LayerSpec
{
    public const string Name = "flatten";

    public override string Type => Name;

    // A sample's elements are bounded (ModelSpec), so the product cannot overflow.
    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input.Aggregate(1L, (product, size) => product * size));

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.Flatten();
}
