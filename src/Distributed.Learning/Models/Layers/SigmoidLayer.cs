using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>1 / (1 + e⁻ˣ) of every element: <c>sigmoid</c>.</summary>
internal sealed record SigmoidLayer : LayerSpec
{
    public const string Name = "sigmoid";

    public override string Type => Name;

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.Sigmoid();
}
