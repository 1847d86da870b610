using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A convolution over [channels, height, width]:
/// <c>{ type = conv2d, out = 32, kernel = 3, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true }</c>.
/// </summary>
internal sealed record Conv2dLayer(
    int Out, int Kernel, int Stride = 1, int Padding = 0, int Dilation = 1, int Groups = 1, bool Bias = true, Initialisation? Init = null) : LayerSpec
{
    public const string Name = "conv2d";

    public override string Type => Name;

    public static Conv2dLayer Read(SettingsSection section)
    {
        var layer = new Conv2dLayer(section.Integer("out", null, 1, 1 << 20), section.Integer("kernel", null, 1, Window.Largest),
            section.Integer("stride", 1, 1, Window.Largest), section.Integer("padding", 0, 0, Window.Largest),
            section.Integer("dilation", 1, 1, Window.Largest), section.Integer("groups", 1, 1, 1 << 20), section.Flag("bias", true),
            Initialisation.Read(section));
        return layer.Out % layer.Groups == 0 ? layer
            : throw section.Error("groups", $"expected a divisor of out = {layer.Out}, got '{layer.Groups}'");
    }

    internal override LayerFit Fit(IReadOnlyList<long> input) =>
        input.Count != 3 ? LayerFit.Fails("[channels, height, width]")
        : input[0] % Groups != 0 ? LayerFit.Fails($"[channels, height, width] with channels a multiple of groups = {Groups}")
        : new Window(Kernel, Stride, Padding, Dilation).Fit(input, Out);

    internal override long Parameters(IReadOnlyList<long> input) =>
        Out * (input[0] / Groups * Kernel * Kernel + (Bias ? 1 : 0));

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        new Conv2dModule(input[0], Out, new Window(Kernel, Stride, Padding, Dilation), Groups, Bias).With(Init);
}
