using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A transposed convolution, which widens where a convolution narrows:
/// <c>{ type = conv-transpose2d, out = 32, kernel = 2, stride = 2, padding = 0, output-padding = 0, dilation = 1, groups = 1, bias = true }</c>
/// over [channels, height, width], or <c>conv-transpose1d</c> over [channels, length].
/// </summary>
internal sealed record ConvTransposeLayer(
    int Dimensions, int Out, int Kernel, int Stride = 1, int Padding = 0, int OutputPadding = 0, int Dilation = 1, int Groups = 1,
    bool Bias = true, Initialisation? Init = null) : LayerSpec
{
    public const string Name1 = "conv-transpose1d";
    public const string Name2 = "conv-transpose2d";

    public override string Type => Dimensions == 1 ? Name1 : Name2;

    internal override string? InFloat32 => "all of it";

    public static ConvTransposeLayer Read(SettingsSection section, int dimensions)
    {
        var layer = new ConvTransposeLayer(dimensions, section.Integer("out", null, 1, 1 << 20),
            section.Integer("kernel", null, 1, Window.Largest), section.Integer("stride", 1, 1, Window.Largest),
            section.Integer("padding", 0, 0, Window.Largest), section.Integer("output-padding", 0, 0, Window.Largest),
            section.Integer("dilation", 1, 1, Window.Largest), section.Integer("groups", 1, 1, 1 << 20), section.Flag("bias", true),
            Initialisation.Read(section));
        if (layer.Out % layer.Groups != 0)
            throw section.Error("groups", $"expected a divisor of out = {layer.Out}, got '{layer.Groups}'");
        // As in torch: it chooses among the sizes that a convolution would have narrowed to the same one.
        return layer.OutputPadding < Math.Max(layer.Stride, layer.Dilation) ? layer
            : throw section.Error("output-padding", $"expected less than stride or dilation, got '{layer.OutputPadding}'");
    }

    internal override LayerFit Fit(IReadOnlyList<long> input)
    {
        var shape = Dimensions == 1 ? "[channels, length]" : "[channels, height, width]";
        if (input.Count != Dimensions + 1) return LayerFit.Fails(shape);
        if (input[0] % Groups != 0) return LayerFit.Fails($"{shape} with channels a multiple of groups = {Groups}");
        var window = new Window(Kernel, Stride, Padding, Dilation);
        long[] sizes = [.. input.Skip(1).Select(size => window.Unslide(size) + OutputPadding)];
        return sizes.All(size => size > 0) ? LayerFit.Gives([Out, .. sizes])
            : LayerFit.Fails($"a larger input or less padding: the output would have the sizes {ModelSpec.Shape(sizes)}");
    }

    internal override long Parameters(IReadOnlyList<long> input) =>
        Out / Groups * input[0] * (Dimensions == 1 ? Kernel : (long)Kernel * Kernel) + (Bias ? Out : 0);

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => Dimensions == 1
        ? nn.ConvTranspose1d(input[0], Out, Kernel, Stride, Padding, OutputPadding, Dilation, groups: Groups, bias: Bias).With(Init)
        : nn.ConvTranspose2d(input[0], Out, Kernel, Stride, Padding, OutputPadding, Dilation, groups: Groups, bias: Bias).With(Init);
}
