using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// What a sample of each class counts in a loss. The mean stays one over samples, <c>Σ wᵢ lᵢ / N</c>: PyTorch divides by <c>Σ wᵢ</c> of the
/// batch at hand, which would give every slot another divisor, and the slots would no longer add up to the gradient of one objective.
/// </summary>
/// <param name="weights">A weight a class, each at least 0.</param>
internal sealed class ClassWeighting(IReadOnlyList<double> weights)
{
    /// <summary>The weights as a tensor that fits some scores, <c>[classes]</c>.</summary>
    /// <exception cref="BadInputException">There are not as many weights as classes.</exception>
    public Tensor For(Tensor scores) => scores.size(-1) == weights.Count
        ? tensor([.. weights], dtype: scores.dtype)
        : throw new BadInputException($"loss.class-weights: expected {scores.size(-1)} weights, one a class, got {weights.Count}");

    /// <summary>
    /// Weights that let every class count the same in the mean over a whole data set: <c>N / (classes · N_class)</c> (King and Zeng 2001).
    /// A class without samples weighs 0.
    /// </summary>
    /// <exception cref="BadInputException">The data has no classes.</exception>
    public static ClassWeighting Balanced(IDataSet data)
    {
        var counts = data.ClassCounts;
        if (counts.Count == 0) throw new BadInputException("loss.class-weights: 'balanced' needs classes that can be counted, and the data has none");
        var all = (double)counts.Sum();
        return new([.. counts.Select(count => count == 0 ? 0 : all / (counts.Count * count))]);
    }
}
