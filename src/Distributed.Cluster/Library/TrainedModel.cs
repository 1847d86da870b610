using Distributed.Learning;
using static TorchSharp.torch;

namespace Distributed;

/// <summary>What a training gave. Whoever trained disposes it, and the module with it.</summary>
/// <param name="Module">The plan's module with the trained weights, in evaluation mode.</param>
/// <param name="Evaluation">How good it is on the test set.</param>
/// <param name="WeightsSha256">The fingerprint of the weights: the same for any number of workers and servers.</param>
/// <param name="Folder">The run's folder, with <c>model.safetensors</c>, <c>summary.json</c>, <c>metrics.jsonl</c>, <c>curves.svg</c>, <c>cluster.log</c>.</param>
public sealed record TrainedModel(nn.Module<Tensor, Tensor> Module, Evaluation Evaluation, string WeightsSha256, string Folder) : IDisposable
{
    /// <summary>Frees the module.</summary>
    public void Dispose() => Module.Dispose();
}

/// <summary>A training could not be brought to its end.</summary>
/// <param name="message">Why.</param>
public sealed class TrainingFailedException(string message) : Exception(message);
