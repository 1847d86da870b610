using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The maximum over windows of [channels, length] or [channels, height, width]: <c>{ type = max-pool, kernel = 2, stride = 2, padding = 0 }</c>;
/// the stride is the kernel's size unless it is given.
/// </summary>
internal sealed record MaxPoolLayer(int Kernel, int Stride, int Padding = 0) : LayerSpec
{
    public const string Name = "max-pool";

    public override string Type => Name;

    public static MaxPoolLayer Read(SettingsSection section)
    {
        var kernel = section.Integer("kernel", null, 1, Window.Largest);
        // torch allows at most half a window of padding, so that no window is all padding.
        return new MaxPoolLayer(kernel, section.Integer("stride", kernel, 1, Window.Largest), section.Integer("padding", 0, 0, kernel / 2));
    }

    internal override LayerFit Fit(IReadOnlyList<long> input) => input.Count is 2 or 3
        ? new Window(Kernel, Stride, Padding).Fit(input, input[0])
        : LayerFit.Fails("[channels, length] or [channels, height, width]");

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        input.Count == 2 ? nn.MaxPool1d(Kernel, Stride, Padding) : nn.MaxPool2d(Kernel, Stride, Padding);
}
