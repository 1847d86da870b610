namespace Distributed.Learning;

/// <summary>A shard's gradient, made piece by piece while it is used. What lies at an address that it gives may be overwritten at the next call.</summary>
public interface IShardGradient
{
    /// <summary>The address of a piece.</summary>
    /// <param name="start">The piece's first float, counted from the shard's.</param>
    /// <param name="floats">How many, at most <see cref="ShardOptimizer.PieceFloats"/>.</param>
    IntPtr Sum(long start, long floats);

    /// <summary>
    /// Two addresses: the sums of their elements are the piece. A loop that adds them in its registers saves that they are written and read once
    /// more, and reads more of the memory's streams at once.
    /// </summary>
    /// <param name="start">The piece's first float, counted from the shard's.</param>
    /// <param name="floats">How many, at most <see cref="ShardOptimizer.PieceFloats"/>.</param>
    /// <returns>The addresses; where the second is 0, the first is that of the piece.</returns>
    (IntPtr First, IntPtr Second) Addends(long start, long floats) => (Sum(start, floats), 0);

    /// <summary>As <see cref="Addends"/>, of bfloat16: the piece is the rounded sums of their elements (<see cref="Bfloat16"/>).</summary>
    /// <param name="start">The piece's first element, counted from the shard's.</param>
    /// <param name="floats">How many, at most <see cref="ShardOptimizer.AddedFloats"/>.</param>
    /// <returns>The addresses; null where the piece is something else.</returns>
    (IntPtr First, IntPtr Second)? RoundedAddends(long start, long floats) => null;
}

/// <summary>A gradient that is there as a whole.</summary>
/// <param name="address">Address of the shard's first float.</param>
public sealed class GradientInPlace(IntPtr address) : IShardGradient
{
    /// <inheritdoc/>
    public IntPtr Sum(long start, long floats) => address + (nint)(start * sizeof(float));
}
