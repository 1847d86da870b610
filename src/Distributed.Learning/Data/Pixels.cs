namespace Distributed.Learning;

/// <summary>How a byte of an image becomes the number that the model sees: <c>(byte / 255 - Mean) / Deviation</c>.</summary>
/// <param name="Mean">What is subtracted, in units of full brightness.</param>
/// <param name="Deviation">What it is divided by; above 0.</param>
public readonly record struct Pixels(double Mean, double Deviation)
{
    /// <summary>Full brightness is 1, black is 0.</summary>
    public static Pixels Plain { get; } = new(0, 1);

    /// <summary>What a byte is multiplied by.</summary>
    internal float Scale => (float)(1 / (255 * Deviation));

    /// <summary>What is added then.</summary>
    internal float Offset => (float)(-Mean / Deviation);
}
