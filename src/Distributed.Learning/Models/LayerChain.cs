using System.Globalization;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Layers one after another: a whole model, or a part inside a layer.</summary>
/// <param name="Name">Its name in the model or the layer around it, such as <c>layers</c>.</param>
/// <param name="Shapes">The layers' places.</param>
/// <param name="Output">The shape of one sample coming out; the input's where there is no layer.</param>
/// <param name="Misfit">The first layer that does not fit, null when all do.</param>
internal sealed record LayerChain(string Name, IReadOnlyList<LayerShape> Shapes, IReadOnlyList<long> Output, LayerMisfit? Misfit)
{
    // One sample of 2^31 elements is 8 GB: beyond that it is a mistake, and products of bounded sizes stay within 64 bits.
    private const long MostElements = int.MaxValue;

    public LayerGroup Group => new(Name, Shapes);

    /// <summary>Follows one sample's shape through the layers. Pure arithmetic.</summary>
    /// <param name="name">The chain's name.</param>
    /// <param name="layers">The layers; none is a chain, too.</param>
    /// <param name="input">The shape of one sample going in.</param>
    /// <param name="first">Whether this is the start of the model, where a layer may take tokens.</param>
    public static LayerChain Follow(string name, IReadOnlyList<LayerSpec> layers, IReadOnlyList<long> input, bool first = false)
    {
        var shapes = new List<LayerShape>(layers.Count);
        var shape = input;
        foreach (var layer in layers)
        {
            var path = $"{name}[{shapes.Count}]";
            var fit = layer.TakesTokens && !(first && shapes.Count == 0)
                ? LayerFit.Fails("token numbers, so it must be the first layer of the model")
                : layer.Fit(shape);
            var problem = fit.Output is null ? $"got the shape {ModelSpec.Shape(shape)}, needs {fit.Needs}"
                : TooLarge(fit.Output) ? $"got the shape {ModelSpec.Shape(shape)} and would give {ModelSpec.Shape(fit.Output)}, more than 2^31 elements"
                : null;
            if (fit.Inside is { } inside) return new(name, shapes, shape, inside with { Path = $"{path}.{inside.Path}" });
            if (problem is not null) return new(name, shapes, shape, new LayerMisfit(path, layer.Type, problem));
            var parameters = layer.Parameters(shape) + fit.Groups.Sum(group => group.Layers.Sum(inner => inner.Parameters));
            shapes.Add(new LayerShape(shapes.Count, layer.Type, shape, fit.Output!, parameters, fit.Groups) { InFloat32 = layer.InFloat32 });
            shape = fit.Output!;
        }
        return new(name, shapes, shape, null);
    }

    /// <summary>Builds the modules of layers that fit, named by their numbers.</summary>
    public static nn.Module<Tensor, Tensor> Build(IReadOnlyList<LayerSpec> layers, IReadOnlyList<long> input)
    {
        var shapes = Follow("layers", layers, input, first: true).Shapes;
        return nn.Sequential([.. layers.Select((layer, i) => (i.ToString(CultureInfo.InvariantCulture), layer.Build(shapes[i].Input)))]);
    }

    public static bool TooLarge(IReadOnlyList<long> shape)
    {
        Int128 product = 1;
        foreach (var size in shape)
        {
            product *= size;
            if (product > MostElements) return true;
        }
        return false;
    }
}
