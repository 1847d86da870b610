using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>x where x is above 0, else alpha · (eˣ − 1): <c>{ type = elu, alpha = 1 }</c> (Clevert et al., 2016).</summary>
internal sealed record EluLayer(double Alpha) : LayerSpec
{
    public const string Name = "elu";

    public override string Type => Name;

    public static EluLayer Read(SettingsSection section) => new(section.Number("alpha", 1));

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.ELU(Alpha);
}
