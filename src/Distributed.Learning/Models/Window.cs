namespace Distributed.Learning;

/// <summary>A window that slides along one dimension: the arithmetic of convolutions and pooling.</summary>
internal readonly record struct Window(int Kernel, int Stride, int Padding, int Dilation = 1)
{
    public const int Largest = 1 << 16;

    // The window covers this many elements.
    private long Span => (long)Dilation * (Kernel - 1) + 1;

    /// <summary>The least size of an input along which the window can stand once.</summary>
    public long Least => Math.Max(1, Span - 2L * Padding);

    /// <summary>How often the window stands along an input of so many elements.</summary>
    public long Slide(long size) => (size + 2L * Padding - Span) / Stride + 1;

    /// <summary>The inverse: the least output of a transposed convolution, along which the window stands so often; may be below 1.</summary>
    public long Unslide(long size) => (size - 1) * Stride - 2L * Padding + Span;

    /// <summary>Slides over the dimensions after the channels; the channels that come out are given.</summary>
    /// <param name="input">[channels, length] or [channels, height, width].</param>
    /// <param name="channels">Channels of the output.</param>
    public LayerFit Fit(IReadOnlyList<long> input, long channels)
    {
        var window = this;
        if (input.Skip(1).All(size => size >= window.Least)) return LayerFit.Gives([channels, .. input.Skip(1).Select(window.Slide)]);
        var options = $"kernel {Kernel}, padding {Padding}{(Dilation > 1 ? $", dilation {Dilation}" : "")}";
        return LayerFit.Fails($"{(input.Count == 2 ? "a length" : "height and width")} of at least {Least} ({options})");
    }
}
