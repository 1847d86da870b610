using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Cross-entropy of independent yes-or-no questions, in nats: the mean over samples and outputs of
/// <c>-t log σ(o) - (1 - t) log(1 - σ(o))</c>, computed from the scores before the sigmoid. Targets are as many numbers in [0, 1] as there are
/// outputs (0 and 1 may be int64), or class numbers, which count as one-hot vectors.
/// </summary>
internal sealed class BinaryCrossEntropy : ILossFunction
{
    public Tensor Mean(Tensor outputs, Tensor targets)
    {
        using var wanted = ClassTargets.Like(outputs, targets);
        return nn.functional.binary_cross_entropy_with_logits(outputs, wanted);
    }
}
