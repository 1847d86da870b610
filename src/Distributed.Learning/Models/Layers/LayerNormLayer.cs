using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Normalises every position by the mean and variance of its last dimensions, then scales and shifts:
/// <c>{ type = layer-norm, dims = 1, epsilon = 1e-5, affine = true }</c> (Ba et al., 2016). <c>dims</c> counts the last dimensions that are
/// normalised together: 1 for [time, features], 3 for a whole [channels, height, width].
/// </summary>
internal sealed record LayerNormLayer(int Dims = 1, double Epsilon = 1e-5, bool Affine = true) : LayerSpec
{
    public const string Name = "layer-norm";

    public override string Type => Name;

    internal override string? InFloat32 => "all of it";

    public static LayerNormLayer Read(SettingsSection section) =>
        new(section.Integer("dims", 1, 1, 6), section.Number("epsilon", 1e-5, double.Epsilon), section.Flag("affine", true));

    internal override LayerFit Fit(IReadOnlyList<long> input) =>
        input.Count >= Dims ? LayerFit.Gives(input) : LayerFit.Fails($"at least dims = {Dims} dimensions");

    internal override long Parameters(IReadOnlyList<long> input) =>
        Affine ? 2 * Normalised(input).Aggregate(1L, (product, size) => product * size) : 0;

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.LayerNorm(Normalised(input), Epsilon, Affine);

    private long[] Normalised(IReadOnlyList<long> input) => [.. input.TakeLast(Dims)];
}
