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
        using var inOrder = input.shape is [var samples, 1, var height, var width] ? input.reshape(samples, height, width, 1) : pixels.contiguous();
        using var image = inOrder.permute(0, 3, 1, 2);
        return nn.functional.conv2d(
            image, weight, bias, [window.Stride, window.Stride], [window.Padding, window.Padding], [window.Dilation, window.Dilation], groups);
    }

    private static Parameter Copy(Parameter drawn)
    {
        using var values = drawn.detach();
        return nn.Parameter(values.clone());
    }
}
