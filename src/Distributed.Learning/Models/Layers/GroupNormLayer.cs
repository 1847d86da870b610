using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Normalises each group of channels of a sample over its channels and positions, then scales and shifts each channel:
/// <c>{ type = group-norm, groups = 8, epsilon = 1e-5, affine = true }</c> (Wu and He, 2018) for [channels, length] or
/// [channels, height, width]. As many groups as channels is instance norm.
/// </summary>
internal sealed record GroupNormLayer(int Groups, double Epsilon = 1e-5, bool Affine = true) : LayerSpec
{
    public const string Name = "group-norm";

    public override string Type => Name;

    internal override string? InFloat32 => "all of it";

    public static GroupNormLayer Read(SettingsSection section) =>
        new(section.Integer("groups", null, 1, 1 << 20), section.Number("epsilon", 1e-5, double.Epsilon), section.Flag("affine", true));

    internal override LayerFit Fit(IReadOnlyList<long> input) => input.Count >= 2 && input[0] % Groups == 0
        ? LayerFit.Gives(input)
        : LayerFit.Fails($"[channels, length] or [channels, height, width] with channels a multiple of groups = {Groups}");

    internal override long Parameters(IReadOnlyList<long> input) => Affine ? 2 * input[0] : 0;

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input)
    {
        var norm = nn.GroupNorm(Groups, input[0], Epsilon, Affine);
        // TorchSharp leaves both as the memory happens to be.
        if (Affine)
        {
            nn.init.ones_(norm.weight);
            nn.init.zeros_(norm.bias!);
        }
        return norm;
    }
}
