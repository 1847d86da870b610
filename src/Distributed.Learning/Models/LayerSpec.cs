using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// One layer of a model as it was asked for: its type and options, immutable and free of torch. Each type is a record of its own in
/// <c>Models/Layers</c>, listed once in <see cref="LayerKinds"/>. Shapes are those of one sample, without the batch dimension.
/// </summary>
public abstract record LayerSpec
{
    /// <summary>The type's name as it is written in a job, such as <c>conv2d</c>.</summary>
    public abstract string Type { get; }

    /// <summary>Whether the layer takes token numbers (int64) instead of floats; only a model's first layer can.</summary>
    internal virtual bool TakesTokens => false;

    /// <summary>What of the layer computes in float32 where the job's precision is bfloat16: <c>all of it</c>, or a part; null for nothing.</summary>
    internal virtual string? InFloat32 => null;

    /// <summary>The shape that comes out for an input of the given shape, or what the layer needs instead. Pure arithmetic.</summary>
    internal abstract LayerFit Fit(IReadOnlyList<long> input);

    /// <summary>The number of trainable parameters (floats) for an input that fits; layers inside the layer count for themselves.</summary>
    internal virtual long Parameters(IReadOnlyList<long> input) => 0;

    /// <summary>The torch module for an input that fits; weights are drawn from torch's current random generator.</summary>
    internal abstract nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input);
}
