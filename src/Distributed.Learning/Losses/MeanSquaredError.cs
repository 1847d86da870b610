using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The mean over samples and outputs of the squared difference. Class numbers count as one-hot vectors, so that classifiers can be
/// trained with it too.
/// </summary>
internal sealed class MeanSquaredError : ILossFunction
{
    /// <summary>
    /// Outputs <c>[samples, …]</c>; targets float32 with as many elements, or int64 class numbers <c>[samples]</c> for outputs
    /// <c>[samples, classes]</c>.
    /// </summary>
    public Tensor Mean(Tensor outputs, Tensor targets)
    {
        using var wanted = targets.dtype == ScalarType.Int64 ? OneHot(targets, outputs) : targets.view(outputs.shape);
        return nn.functional.mse_loss(outputs, wanted);
    }

    private static Tensor OneHot(Tensor targets, Tensor outputs)
    {
        using var encoded = nn.functional.one_hot(targets, outputs.shape[1]);
        return encoded.to_type(outputs.dtype);
    }
}
