using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Cross-entropy between the softmax of the outputs and the class numbers: the mean of <c>-log softmax(outputs)[target]</c>, in nats.
/// </summary>
internal sealed class CrossEntropy : ILossFunction
{
    /// <summary>Outputs are unnormalised scores, <c>[samples, classes]</c>; targets int64, <c>[samples]</c>.</summary>
    public Tensor Mean(Tensor outputs, Tensor targets) => nn.functional.cross_entropy(outputs, targets);
}
