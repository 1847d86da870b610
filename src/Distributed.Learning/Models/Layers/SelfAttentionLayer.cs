using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Multi-head self-attention over [time, width]: <c>{ type = self-attention, heads = 4, causal = false, dropout = 0, bias = true }</c>
/// (Vaswani et al., 2017). Causal positions see themselves and earlier ones. Dropout acts on the attention's weights.
/// </summary>
internal sealed record SelfAttentionLayer(
    int Heads, bool Causal = false, double Dropout = 0, bool Bias = true, Initialisation? Init = null) : LayerSpec
{
    public const string Name = "self-attention";

    public override string Type => Name;

    public static SelfAttentionLayer Read(SettingsSection section) =>
        new(section.Integer("heads", null, 1, 1 << 10), section.Flag("causal", false), section.Number("dropout", 0, 0, 1),
            section.Flag("bias", true), Initialisation.Read(section));

    internal override LayerFit Fit(IReadOnlyList<long> input) => input.Count == 2 && input[1] % Heads == 0
        ? LayerFit.Gives(input)
        : LayerFit.Fails($"[time, width] with a width that is a multiple of heads = {Heads}");

    internal override long Parameters(IReadOnlyList<long> input) => 4 * input[1] * (input[1] + (Bias ? 1 : 0));

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        new SelfAttentionModule(input[1], Heads, Causal, Dropout, Bias).With(Init);
}
