using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A convolution over [channels, height, width]:
/// <c>{ type = conv2d, out = 32, kernel = 3, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true }</c>.
/// </summary>
internal sealed record Conv2dLayer(
    int Out, int Kernel, int Stride = 1, int Padding = 0, int Dilation = 1, int Groups = 1, bool Bias = true) : LayerSpec
{
    public const string Name = "conv2d";
    private const int Largest = 1 << 16;

    public override string Type => Name;

    public static Conv2dLayer Read(SettingsSection section)
    {
        var layer = new Conv2dLayer(section.Integer("out", null, 1, 1 << 20), section.Integer("kernel", null, 1, Largest),
            section.Integer("stride", 1, 1, Largest), section.Integer("padding", 0, 0, Largest), section.Integer("dilation", 1, 1, Largest),
            section.Integer("groups", 1, 1, 1 << 20), section.Flag("bias", true));
        return layer.Out % layer.Groups == 0 ? layer
            : throw section.Error("groups", $"expected a divisor of out = {layer.Out}, got '{layer.Groups}'");
    }

    internal override LayerFit Fit(IReadOnlyList<long> input)
    {
        if (input.Count != 3) return LayerFit.Fails("[channels, height, width]");
        if (input[0] % Groups != 0) return LayerFit.Fails($"[channels, height, width] with channels a multiple of groups = {Groups}");
        // The window covers this many rows and columns.
        var window = (long)Dilation * (Kernel - 1) + 1;
        var least = Math.Max(1, window - 2L * Padding);
        if (input[1] < least || input[2] < least)
            return LayerFit.Fails($"height and width of at least {least} (kernel {Kernel}, padding {Padding}, dilation {Dilation})");
        return LayerFit.Gives(Out, Size(input[1]), Size(input[2]));

        long Size(long size) => (size + 2L * Padding - window) / Stride + 1;
    }

    internal override long Parameters(IReadOnlyList<long> input) =>
        Out * (input[0] / Groups * Kernel * Kernel + (Bias ? 1 : 0));

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        nn.Conv2d(input[0], Out, Kernel, Stride, Padding, Dilation, groups: Groups, bias: Bias);
}
