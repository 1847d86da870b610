using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>max(0, x) of every element: <c>relu</c>.</summary>
internal sealed record ReluLayer : LayerSpec
{
    public const string Name = "relu";

    public override string Type => Name;

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.ReLU();
}
