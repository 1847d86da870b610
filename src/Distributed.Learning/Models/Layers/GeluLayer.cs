using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>x · Φ(x) of every element, Φ the normal distribution function: <c>gelu</c> (Hendrycks and Gimpel, 2016; exact, by erf).</summary>
internal sealed record GeluLayer : LayerSpec
{
    public const string Name = "gelu";

    public override string Type => Name;

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.GELU();
}
