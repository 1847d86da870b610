using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Samples that go through a model together. Whoever gathered it disposes it.</summary>
/// <param name="Inputs">Float32, <c>[samples, …input shape]</c>.</param>
/// <param name="Targets">Int64 class numbers, <c>[samples]</c>.</param>
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
