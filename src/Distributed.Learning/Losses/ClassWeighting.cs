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
    public Tensor For(Tensor scores) => scores.shape[^1] == weights.Count
        ? tensor([.. weights], dtype: scores.dtype)
        : throw new BadInputException($"loss.class-weights: expected {scores.shape[^1]} weights, one a class, got {weights.Count}");

    /// <summary>
    /// Weights that let every class count the same in the mean over a whole data set: <c>N / (classes · N_class)</c> (King and Zeng 2001).
    /// A class without samples weighs 0.
    /// </summary>
    public static ClassWeighting Balanced(IDataSet data)
    {
        var counts = Counts(data);
        return new([.. counts.Select(count => count == 0 ? 0 : (double)counts.Sum() / (counts.Length * count))]);
    }

    private static long[] Counts(IDataSet data)
    {
        const int block = 1024;
        var counts = new long[data.Classes];
        for (var start = 0; start < data.Count; start += block)
        {
            using var batch = data.Gather([.. Enumerable.Range(start, Math.Min(block, data.Count - start))]);
            using var targets = batch.Targets.reshape(-1);
            foreach (var target in targets.data<long>()) counts[target]++;
        }
        return counts;
    }
}
