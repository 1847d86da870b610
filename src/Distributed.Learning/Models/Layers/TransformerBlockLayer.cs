using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A transformer's block over [time, width], normalised before each part (Xiong et al., 2020):
/// <c>{ type = transformer-block, heads = 4, mlp = 4, dropout = 0, causal = false }</c>.
/// x + attention(norm(x)), then that plus a two-layer perceptron with gelu of its norm; the perceptron is <c>mlp</c> times as wide.
/// </summary>
internal sealed record TransformerBlockLayer(
    int Heads, int Mlp = 4, double Dropout = 0, bool Causal = false, Initialisation? Init = null) : LayerSpec
{
    public const string Name = "transformer-block";

    public override string Type => Name;

    internal override string? InFloat32 => "its norms";

    public static TransformerBlockLayer Read(SettingsSection section) =>
        new(section.Integer("heads", null, 1, 1 << 10), section.Integer("mlp", 4, 1, 64), section.Number("dropout", 0, 0, 1),
            section.Flag("causal", false), Initialisation.Read(section));

    internal override LayerFit Fit(IReadOnlyList<long> input) => input.Count == 2 && input[1] % Heads == 0
        ? LayerFit.Gives(input)
        : LayerFit.Fails($"[time, width] with a width that is a multiple of heads = {Heads}");

    // Attention; the perceptron's two maps; two norms.
    internal override long Parameters(IReadOnlyList<long> input)
    {
        var width = input[1];
        return 4 * width * (width + 1) + 2 * Mlp * width * width + Mlp * width + width + 4 * width;
    }

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        new TransformerBlockModule(input[1], Heads, Mlp, Dropout, Causal).With(Init);
}
