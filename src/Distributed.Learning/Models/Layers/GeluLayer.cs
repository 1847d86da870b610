using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// x · Φ(x) of every element, Φ the normal distribution function: <c>{ type = gelu, approximate = none }</c>; <c>tanh</c> instead of
/// <c>none</c> takes the cheaper formula (both in Hendrycks and Gimpel, 2016).
/// </summary>
internal sealed record GeluLayer(bool Tanh = false) : LayerSpec
{
    public const string Name = "gelu";

    public override string Type => Name;

    public static GeluLayer Read(SettingsSection section) => new(section.OneOf("approximate", "none", "none", "tanh") == "tanh");

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        nn.GELU(Tanh ? GELU.Approximate.tanh : GELU.Approximate.none);
}
