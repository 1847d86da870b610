using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Shares that sum to 1 along a sample's last dimension: <c>softmax</c>. The loss cross-entropy has its own: do not end a classifier with it.
/// </summary>
internal sealed record SoftmaxLayer : LayerSpec
{
    public const string Name = "softmax";

    public override string Type => Name;

    internal override string? InFloat32 => "all of it";

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(input);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.Softmax(-1);
}
