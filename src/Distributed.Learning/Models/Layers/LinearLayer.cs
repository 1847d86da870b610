using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>An affine map of the last dimension: <c>{ type = linear, out = 10, bias = true }</c>; [features] or [positions, features].</summary>
internal sealed record LinearLayer(long Out, bool Bias = true, Initialisation? Init = null) : LayerSpec
{
    public const string Name = "linear";

    public override string Type => Name;

    public static LinearLayer Read(SettingsSection section) =>
        new(section.Integer("out", null, 1, 1 << 24), section.Flag("bias", true), Initialisation.Read(section));

    internal override LayerFit Fit(IReadOnlyList<long> input) => input.Count is 1 or 2
        ? LayerFit.Gives([.. input.SkipLast(1), Out])
        : LayerFit.Fails("[features] or [positions, features]; put a flatten layer before it");

    internal override long Parameters(IReadOnlyList<long> input) => Out * (input[^1] + (Bias ? 1 : 0));

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.Linear(input[^1], Out, Bias).With(Init);
}
