namespace Distributed.Learning;

/// <summary>A layer's place in a model that fits together.</summary>
/// <param name="Index">
/// The layer's number in its chain, counted from 0, as in <c>model.layers[0]</c> and the parameter name <c>0.weight</c>.
/// </param>
/// <param name="Type">The layer's type.</param>
/// <param name="Input">The shape of one sample going in.</param>
/// <param name="Output">The shape of one sample coming out.</param>
/// <param name="Parameters">Trainable parameters (floats) of the layer, those of layers inside it included.</param>
/// <param name="Groups">The chains of layers inside this one; empty for most layers.</param>
public sealed record LayerShape(
    int Index, string Type, IReadOnlyList<long> Input, IReadOnlyList<long> Output, long Parameters, IReadOnlyList<LayerGroup> Groups)
{
    /// <summary>What of the layer computes in float32 where the job's precision is bfloat16: <c>all of it</c>, or a part; null for nothing.</summary>
    public string? InFloat32 { get; init; }
}

/// <summary>A chain of layers inside a layer.</summary>
/// <param name="Name">Its name there, such as <c>layers</c>, <c>shortcut</c> or <c>branches[0]</c>.</param>
/// <param name="Layers">Its layers in the order in which a sample passes them; none hand the sample on as it is.</param>
public sealed record LayerGroup(string Name, IReadOnlyList<LayerShape> Layers);
