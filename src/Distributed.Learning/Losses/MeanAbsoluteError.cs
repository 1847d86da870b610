using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>The mean over samples and outputs of the absolute difference; targets as for <see cref="MeanSquaredError"/>.</summary>
internal sealed class MeanAbsoluteError : ILossFunction
{
    public Tensor Mean(Tensor outputs, Tensor targets)
    {
        using var wanted = ClassTargets.Like(outputs, targets);
        return nn.functional.l1_loss(outputs, wanted);
    }
}
