using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Zeroes each element with probability p while training and scales the others by 1 / (1 − p): <c>{ type = dropout, p = 0.5 }</c>
/// (Srivastava et al., 2014). Draws from torch's random generator, which is seeded anew for every slot.
/// </summary>
internal sealed record DropoutLayer(double P) : LayerSpec
{
    public const string Name = "dropout";

    public override string Type => Name;

    public static DropoutLayer Read(SettingsSection section) => new(section.Number("p", 0.5, 0, 1));

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.Dropout(P);
}
