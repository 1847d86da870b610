using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>What training makes small.</summary>
public interface ILossFunction
{
    /// <summary>
    /// The mean loss over the samples of a batch: a scalar that is differentiable by <paramref name="outputs"/>. The divisor depends on the
    /// number of samples alone, so that parts of a batch, weighted by their samples, add up to the whole.
    /// </summary>
    /// <param name="outputs">What the model computed, <c>[samples, …]</c>; at least one sample.</param>
    /// <param name="targets">What it should have computed: int64 class numbers <c>[samples]</c> (of sequences <c>[samples, time]</c>), or
    /// float32 numbers, as many as outputs.</param>
    Tensor Mean(Tensor outputs, Tensor targets);
}
