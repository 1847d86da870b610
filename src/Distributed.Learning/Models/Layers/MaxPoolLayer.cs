using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The maximum over windows of [channels, height, width]: <c>{ type = max-pool, kernel = 2, stride = 2, padding = 0 }</c>;
/// the stride is the kernel's size unless it is given.
/// </summary>
internal sealed record MaxPoolLayer(int Kernel, int Stride, int Padding = 0) : LayerSpec
{
    public const string Name = "max-pool";
    private const int Largest = 1 << 16;

    public override string Type => Name;

    public static MaxPoolLayer Read(SettingsSection section)
    {
        var kernel = section.Integer("kernel", null, 1, Largest);
        // torch allows at most half a window of padding, so that no window is all padding.
        return new MaxPoolLayer(kernel, section.Integer("stride", kernel, 1, Largest), section.Integer("padding", 0, 0, kernel / 2));
    }

    internal override LayerFit Fit(IReadOnlyList<long> input)
    {
        if (input.Count != 3) return LayerFit.Fails("[channels, height, width]");
        var least = Math.Max(1, Kernel - 2L * Padding);
        if (input[1] < least || input[2] < least)
            return LayerFit.Fails($"height and width of at least {least} (kernel {Kernel}, padding {Padding})");
        return LayerFit.Gives(input[0], Size(input[1]), Size(input[2]));

        long Size(long size) => (size + 2L * Padding - Kernel) / Stride + 1;
    }

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => nn.MaxPool2d(Kernel, Stride, Padding);
}
