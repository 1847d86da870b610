using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The mean of <c>-outputs[target]</c> for outputs that are log-probabilities already (of a log-softmax layer), in nats. Shapes as for
/// <see cref="CrossEntropy"/>.
/// </summary>
/// <param name="weights">What a sample of each class counts, or null for 1 each.</param>
internal sealed class NegativeLogLikelihood(ClassWeighting? weights = null) : ILossFunction
{
    public Tensor Mean(Tensor outputs, Tensor targets)
    {
        var (logs, classes) = ClassTargets.Positions(outputs, targets);
        using (logs)
        using (classes)
        {
            if (weights is null) return nn.functional.nll_loss(logs, classes);
            using var weight = weights.For(logs);
            using var sum = nn.functional.nll_loss(logs, classes, weight, reduction: nn.Reduction.Sum);
            return sum / classes.numel();
        }
    }
}
