using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The same elements in other dimensions: <c>{ type = reshape, shape = [64, 7, 7] }</c>; one size may be −1 and follows from the others.
/// </summary>
internal sealed record ReshapeLayer(IReadOnlyList<long> Shape) : LayerSpec
{
    public const string Name = "reshape";

    public override string Type => Name;

    public static ReshapeLayer Read(SettingsSection section)
    {
        var shape = section.Integers("shape", null, -1, 1 << 24);
        return shape.Count is > 0 and <= 6 && !shape.Contains(0) && shape.Count(size => size == -1) <= 1 ? new ReshapeLayer(shape)
            : throw section.Error("shape", $"expected 1 to 6 sizes above 0, one of which may be -1, got {ModelSpec.Shape(shape)}");
    }

    internal override LayerFit Fit(IReadOnlyList<long> input)
    {
        var elements = input.Aggregate(1L, (product, size) => product * size);
        Int128 given = 1;
        foreach (var size in Shape.Where(size => size != -1)) given *= size;
        var free = Shape.Contains(-1) ? elements / given : 1;
        return given * free == elements && free > 0
            ? LayerFit.Gives([.. Shape.Select(size => size == -1 ? (long)free : size)])
            : LayerFit.Fails($"{(Shape.Contains(-1) ? "a multiple of " : "")}{given} elements for {ModelSpec.Shape(Shape)}");
    }

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        new FunctionModule(Name, samples => samples.reshape([samples.size(0), .. Shape]));
}
