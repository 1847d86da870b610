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

    /// <summary>The shape that comes out for an input of the given shape, or what the layer needs instead. Pure arithmetic.</summary>
    internal abstract LayerFit Fit(IReadOnlyList<long> input);

    /// <summary>The number of trainable parameters (floats) for an input that fits.</summary>
    internal virtual long Parameters(IReadOnlyList<long> input) => 0;

    /// <summary>The torch module for an input that fits; weights are drawn from torch's current random generator.</summary>
    internal abstract nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input);
}

/// <summary>Whether an input fits a layer: either the output's shape or what the layer needs.</summary>
/// <param name="Output">The output's shape, null when the input does not fit.</param>
/// <param name="Needs">What would fit, null when the input does.</param>
internal readonly record struct LayerFit(IReadOnlyList<long>? Output, string? Needs)
{
    public static LayerFit Gives(params long[] output) => new(output, null);

    public static LayerFit Gives(IReadOnlyList<long> output) => new(output, null);

    public static LayerFit Fails(string needs) => new(null, needs);
}

/// <summary>A layer's place in a model that fits together.</summary>
/// <param name="Index">The layer's number, counted from 0, as in <c>model.layers[0]</c> and the parameter name <c>0.weight</c>.</param>
/// <param name="Type">The layer's type.</param>
/// <param name="Input">The shape of one sample going in.</param>
/// <param name="Output">The shape of one sample coming out.</param>
/// <param name="Parameters">Trainable parameters of the layer (floats).</param>
public sealed record LayerShape(int Index, string Type, IReadOnlyList<long> Input, IReadOnlyList<long> Output, long Parameters);
