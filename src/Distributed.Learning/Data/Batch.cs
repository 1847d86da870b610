using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Samples that go through a model together. Whoever gathered it disposes it.</summary>
/// <param name="Inputs">Float32, <c>[samples, …input shape]</c>; or int64 token numbers, <c>[samples, time]</c>.</param>
/// <param name="Targets">
/// Int64 class numbers, <c>[samples]</c>, or <c>[samples, time]</c> with one for each place of a sequence;
/// or float32 values, <c>[samples, outputs]</c>.
/// </param>
/// <param name="Samples">How many; may be 0 for a slot of an epoch's last, partial batch.</param>
public sealed record Batch(Tensor Inputs, Tensor Targets, int Samples) : IDisposable
{
    /// <summary>Frees both tensors.</summary>
    public void Dispose()
    {
        Inputs.Dispose();
        Targets.Dispose();
    }
}
