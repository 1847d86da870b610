using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>How often a classifier is right.</summary>
public static class Accuracy
{
    /// <summary>
    /// Counts the samples whose greatest output is that of their class (the first one, of equal outputs).
    /// Targets that are no class numbers give 0: accuracy has no meaning for them.
    /// </summary>
    /// <param name="outputs">Scores, <c>[samples, classes]</c>.</param>
    /// <param name="targets">Int64 class numbers, <c>[samples]</c>.</param>
    public static long CountCorrect(Tensor outputs, Tensor targets)
    {
        if (targets.dtype != ScalarType.Int64 || outputs.dim() != 2) return 0;
        using var guard = no_grad();
        using var predicted = outputs.argmax(1);
        using var equal = predicted.eq(targets);
        using var count = equal.sum();
        return count.item<long>();
    }
}
