using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The mean over samples and outputs of the squared difference. Targets are numbers, as many as outputs; class numbers count as one-hot
/// vectors, so that classifiers can be trained with it too.
/// </summary>
internal sealed class MeanSquaredError : ILossFunction
{
    public Tensor Mean(Tensor outputs, Tensor targets)
    {
        using var wanted = ClassTargets.Like(outputs, targets);
        return nn.functional.mse_loss(outputs, wanted);
    }
}
