using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>ln(1 + e^(beta · x)) / beta of every element, a smooth rectifier: <c>{ type = softplus, beta = 1 }</c>.</summary>
internal sealed record SoftplusLayer(double Beta) : LayerSpec
{
    public const string Name = "softplus";

    public override string Type => Name;

    public static SoftplusLayer Read(SettingsSection section) => new(section.Number("beta", 1, double.Epsilon));

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.Softplus(Beta);
}
