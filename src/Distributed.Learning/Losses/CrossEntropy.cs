using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Cross-entropy between the softmax of the outputs and the class numbers: the mean of <c>-log softmax(outputs)[target]</c>, in nats.
/// Outputs are unnormalised scores, <c>[samples, classes]</c>, with int64 targets <c>[samples]</c>; or <c>[samples, time, classes]</c> with
/// <c>[samples, time]</c>, where the mean is over all elements of all sequences.
/// </summary>
/// <param name="labelSmoothing">
/// The share of the target's probability that is spread evenly over all classes, in [0, 1) (Szegedy et al. 2016).
/// </param>
/// <param name="weights">What a sample of each class counts, or null for 1 each; see <see cref="ClassWeighting"/>.</param>
internal sealed class CrossEntropy(double labelSmoothing = 0, ClassWeighting? weights = null) : ILossFunction
{
    public Tensor Mean(Tensor outputs, Tensor targets)
    {
        var (scores, classes) = ClassTargets.Positions(outputs, targets);
        using (scores)
        using (classes)
        {
            if (weights is null) return nn.functional.cross_entropy(scores, classes, label_smoothing: labelSmoothing);
            using var weight = weights.For(scores);
            using var sum = nn.functional.cross_entropy(scores, classes, weight, reduction: nn.Reduction.Sum, label_smoothing: labelSmoothing);
            return sum / classes.numel();
        }
    }
}
