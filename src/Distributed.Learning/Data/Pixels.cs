using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// How a byte of an image becomes the number that the model sees: <c>(byte / 255 - mean) / deviation</c>, with one mean and deviation for
/// all channels or one for each.
/// </summary>
/// <param name="Means">What is subtracted, in units of full brightness.</param>
/// <param name="Deviations">What it is divided by; above 0; as many as means.</param>
public sealed record Pixels(IReadOnlyList<double> Means, IReadOnlyList<double> Deviations)
{
    /// <summary>The same for all channels.</summary>
    public Pixels(double mean, double deviation)
        : this([mean], [deviation])
    {
    }

    /// <summary>Full brightness is 1, black is 0.</summary>
    public static Pixels Plain { get; } = new(0, 1);

    /// <summary>Reads <c>mean</c> and <c>std</c>: a number each, or lists with a number for each channel.</summary>
    /// <param name="section">The section <c>data</c>.</param>
    /// <param name="channels">How many channels the images have.</param>
    /// <exception cref="BadInputException">A number is out of its range, or a list has neither one number nor one for each channel.</exception>
    internal static Pixels Read(SettingsSection section, int channels)
    {
        var means = section.Numbers("mean", [0], 0, 1);
        var deviations = section.Numbers("std", [.. means.Select(_ => 1.0)], 1e-3, 1);
        var expected = channels == 1 ? "one number" : $"one number, or {channels}, one for each channel";
        if (means.Count != 1 && means.Count != channels) throw section.Error("mean", $"expected {expected}, got {means.Count}");
        if (means.Count != deviations.Count)
            throw section.Error("std", $"expected as many numbers as in mean, {means.Count}, got {deviations.Count}");
        return new Pixels(means, deviations);
    }

    /// <summary>What black becomes, one number or one for each channel.</summary>
    internal float[] Black => [.. Means.Zip(Deviations, (mean, deviation) => (float)(-mean / deviation))];

    /// <summary>Bytes <c>[samples, channels, …]</c> as the model sees them; the bytes stay the caller's.</summary>
    internal Tensor ToFloats(Tensor bytes)
    {
        var floats = bytes.to_type(ScalarType.Float32);
        float[] scales = [.. Deviations.Select(deviation => (float)(1 / (255 * deviation)))];
        if (scales.Length == 1)
        {
            using Scalar scale = scales[0].ToScalar(), black = Black[0].ToScalar();
            return floats.mul_(scale).add_(black, LeanCalls.One);
        }
        using var scaleOfEach = OfChannels(scales, floats.dim());
        using var blackOfEach = OfChannels(Black, floats.dim());
        return floats.mul_(scaleOfEach).Accumulate(blackOfEach);
    }

    /// <summary>A tensor <c>[channels, 1, …]</c> that is applied to each channel of a batch.</summary>
    internal static Tensor OfChannels(float[] values, long dimensions)
    {
        using var flat = tensor(values);
        return flat.reshape([values.Length, .. Enumerable.Repeat(1L, (int)dimensions - 2)]);
    }
}
