namespace Distributed.Learning;

/// <summary>
/// How standardised values become values in their own units: <c>value · Scale + Offset</c>. A squared error in units of the source is the
/// standardised one times Scale²; R² is the same for both.
/// </summary>
/// <param name="Scale">Units of the source in one unit of the standardised value; above 0.</param>
/// <param name="Offset">What a standardised 0 stands for.</param>
public readonly record struct ValueScale(double Scale, double Offset)
{
    /// <summary>Values are as the source says.</summary>
    public static ValueScale Identity { get; } = new(1, 0);

    /// <summary>A standardised value in units of the source.</summary>
    public double ToUnits(double standardised) => standardised * Scale + Offset;

    /// <summary>A value of the source as it is trained on.</summary>
    public double FromUnits(double value) => (value - Offset) / Scale;

    /// <summary>The scale that gives numbers mean 0 and variance 1; equal numbers are only shifted.</summary>
    internal static ValueScale Standardising(IReadOnlyCollection<double> values)
    {
        var mean = values.Sum() / values.Count;
        var deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / values.Count);
        // Rounding leaves equal numbers a deviation of a few last bits of the mean.
        return new ValueScale(deviation > 1e-12 * Math.Abs(mean) ? deviation : 1, mean);
    }
}
