namespace Distributed.Learning;

/// <summary>
/// How the elements of a flat vector, or of a part of one, lie in the memory of weights and gradients that workers use and that travels:
/// first those that are trained, each of the precision's size, then running statistics, which are always float32.
/// </summary>
/// <param name="Precision">The precision of what is trained; the default is float32.</param>
/// <param name="Trained">How many elements that are; a multiple of <see cref="ParameterLayout.Alignment"/>.</param>
public readonly record struct FlatFormat(Precision Precision, long Trained)
{
    /// <summary>Where an element starts, in bytes.</summary>
    /// <param name="element">Its number, which may be that of the end.</param>
    public long BytesTo(long element) =>
        (element * sizeof(float)) - (Precision == Precision.Float32 ? 0 : Math.Min(element, Trained) * (sizeof(float) - sizeof(ushort)));

    /// <summary>What a range of elements takes, in bytes.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many.</param>
    public long BytesOf(long start, long count) => BytesTo(start + count) - BytesTo(start);

    /// <summary>Whether an element is a bfloat16.</summary>
    /// <param name="element">Its number.</param>
    public bool IsRounded(long element) => Precision == Precision.Bfloat16 && element < Trained;

    /// <summary>The format of a range as a vector of its own.</summary>
    /// <param name="start">Its first element.</param>
    /// <param name="count">How many.</param>
    public FlatFormat Of(long start, long count) => this with { Trained = Math.Clamp(Trained - start, 0, count) };

    /// <summary>Writes a range of float32 as workers are to have it: rounded to the nearest, ties to even, or as it is.</summary>
    /// <param name="from">Address of the float32 vector.</param>
    /// <param name="to">Address of the vector in this format.</param>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many; all of them trained, or none.</param>
    public unsafe void Publish(IntPtr from, IntPtr to, long start, long count)
    {
        var source = (float*)from + start;
        var target = (byte*)to + BytesTo(start);
        if (IsRounded(start)) Bfloat16.Round(source, (ushort*)target, count);
        else Buffer.MemoryCopy(source, target, count * sizeof(float), count * sizeof(float));
    }
}
