using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>The hyperbolic tangent of every element: <c>tanh</c>.</summary>
internal sealed record TanhLayer : LayerSpec
{
    public const string Name = "tanh";

    public override string Type => Name;

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.Tanh();
}
