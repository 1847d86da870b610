using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Layers with a way around them, whose results are added: <c>{ type = residual, layers = [ … ], shortcut = [ … ] }</c> (He et al., 2016).
/// Without a shortcut the input itself goes around; with one, layers such as a 1×1 convolution bring it to the other shape.
/// </summary>
internal sealed record ResidualLayer(IReadOnlyList<LayerSpec> Layers, IReadOnlyList<LayerSpec> Shortcut) : LayerSpec
{
    public const string Name = "residual";
    private const string Inner = "layers";
    private const string Around = "shortcut";

    public override string Type => Name;

    public static ResidualLayer Read(SettingsSection section)
    {
        IReadOnlyList<LayerSpec> layers = [.. section.Sections(Inner).Select(LayerKinds.Read)];
        if (layers.Count == 0) throw section.Error(Inner, "expected at least one layer, got an empty list");
        return new ResidualLayer(layers, section.Has(Around) ? [.. section.Sections(Around).Select(LayerKinds.Read)] : []);
    }

    internal override LayerFit Fit(IReadOnlyList<long> input)
    {
        var inner = LayerChain.Follow(Inner, Layers, input);
        var around = LayerChain.Follow(Around, Shortcut, input);
        if ((inner.Misfit ?? around.Misfit) is { } misfit) return LayerFit.Fails(misfit);
        return inner.Output.SequenceEqual(around.Output)
            ? LayerFit.Gives(inner.Output) with { Groups = Shortcut.Count == 0 ? [inner.Group] : [inner.Group, around.Group] }
            : LayerFit.Fails($"{Inner} and {Around} that give one shape: they give {ModelSpec.Shape(inner.Output)} and {ModelSpec.Shape(around.Output)}");
    }

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        new ResidualModule(LayerChain.Build(Layers, input), LayerChain.Build(Shortcut, input));
}
