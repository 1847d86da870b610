using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A convolution over [batch, channels, height, width] that works channels last: a pixel's channels lie side by side in memory, an order that
/// it hands on with its output. PyTorch's convolutions, poolings and normalisations of images are faster so on a processor, max-pooling
/// several times.
/// </summary>
internal sealed class Conv2dModule : nn.Module<Tensor, Tensor>
{
    private readonly Window window;
    private readonly int groups;

    [ComponentName(Name = "weight")]
    private readonly Parameter weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter? bias;

    public Conv2dModule(long channels, long outputs, Window window, int groups, bool hasBias) : base("Conv2d")
    {
        (this.window, this.groups) = (window, groups);
        // Drawn as torch draws them.
        using var drawn = nn.Conv2d(channels, outputs, window.Kernel, groups: groups, bias: hasBias);
        weight = Copy(drawn.weight!);
        register_parameter("weight", weight);
        if (!hasBias) return;
        bias = Copy(drawn.bias!);
        register_parameter("bias", bias);
    }

    public override Tensor forward(Tensor input)
    {
        using var pixels = input.permute(0, 2, 3, 1);
        // The strides of a single channel say nothing, whatever the order: those of a new shape do.
        using var inOrder = input.size(1) == 1 ? input.reshape(input.size(0), input.size(2), input.size(3), 1) : pixels.contiguous();
        using var image = inOrder.permute(0, 3, 1, 2);
        if (!PadsFirst) return Convolve(image, window.Padding);
        using var padded = nn.functional.pad(image, [window.Padding, window.Padding, window.Padding, window.Padding]);
        return Convolve(padded, 0);
    }

    /// <summary>
    /// libtorch 2.10 reads from address 0, and ends the process, where a kernel of one pixel goes over an edge in strides on a processor without
    /// AVX-512; with the edge in place it does not.
    /// </summary>
    private bool PadsFirst => window is { Kernel: 1, Stride: > 1, Padding: > 0 };

    private Tensor Convolve(Tensor image, long padding) => nn.functional.conv2d(
        image, weight, bias, [window.Stride, window.Stride], [padding, padding], [window.Dilation, window.Dilation], groups);

    private static Parameter Copy(Parameter drawn)
    {
        using var values = drawn.detach();
        return nn.Parameter(values.clone());
    }
}
