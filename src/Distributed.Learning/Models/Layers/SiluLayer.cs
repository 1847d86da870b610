using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>x · sigmoid(x) of every element: <c>silu</c> (Elfwing et al., 2018; also called swish).</summary>
internal sealed record SiluLayer : LayerSpec
{
    public const string Name = "silu";

    public override string Type => Name;

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.SiLU();
}
