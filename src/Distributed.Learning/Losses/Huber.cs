using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Squared near the target and absolute far from it, so that outliers pull less (Huber 1964): the mean over samples and outputs of
/// <c>d²/2</c> where <c>|d| ≤ δ</c> and <c>δ(|d| − δ/2)</c> beyond. Targets as for <see cref="MeanSquaredError"/>.
/// </summary>
/// <param name="delta">Where the squared part ends, above 0.</param>
internal sealed class Huber(double delta) : ILossFunction
{
    public Tensor Mean(Tensor outputs, Tensor targets)
    {
        using var wanted = ClassTargets.Like(outputs, targets);
        return nn.functional.huber_loss(outputs, wanted, delta);
    }
}
