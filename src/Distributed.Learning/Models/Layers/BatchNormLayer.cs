using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Normalises every channel by its mean and variance over a slot's samples and positions, then scales and shifts it:
/// <c>{ type = batch-norm, momentum = 0.1, epsilon = 1e-5, affine = true }</c> (Ioffe and Szegedy, 2015) for [channels],
/// [channels, length] or [channels, height, width]. Evaluation normalises by running statistics: after every step
/// <c>running + momentum · (mean over all samples of the slots' statistics − running)</c>, so that they have the same bits for any number
/// of workers. As in torch the running variance takes the unbiased variance of a slot.
/// </summary>
internal sealed record BatchNormLayer(double Momentum = 0.1, double Epsilon = 1e-5, bool Affine = true) : LayerSpec
{
    public const string Name = "batch-norm";

    public override string Type => Name;

    internal override string? InFloat32 => "all of it";

    public static BatchNormLayer Read(SettingsSection section) =>
        new(section.Number("momentum", 0.1, 0, 1), section.Number("epsilon", 1e-5, double.Epsilon), section.Flag("affine", true));

    internal override LayerFit Fit(IReadOnlyList<long> input) => input.Count is >= 1 and <= 3
        ? LayerFit.Gives(input)
        : LayerFit.Fails("[channels], [channels, length] or [channels, height, width]");

    internal override long Parameters(IReadOnlyList<long> input) => Affine ? 2 * input[0] : 0;

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => new BatchNormModule(input[0], Momentum, Epsilon, Affine);
}
