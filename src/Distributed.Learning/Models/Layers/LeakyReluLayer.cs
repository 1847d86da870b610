using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>x where x is above 0, else slope · x: <c>{ type = leaky-relu, slope = 0.01 }</c> (Maas et al., 2013).</summary>
internal sealed record LeakyReluLayer(double Slope) : LayerSpec
{
    public const string Name = "leaky-relu";

    public override string Type => Name;

    public static LeakyReluLayer Read(SettingsSection section) => new(section.Number("slope", 0.01));

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.LeakyReLU(Slope);
}
