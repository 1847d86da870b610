using Distributed.Learning;

namespace Distributed.Cluster.ParameterServers;

/// <summary>The sum of a version's pieces, made where and when the update asks for it.</summary>
/// <param name="sums">The order of the additions.</param>
/// <param name="pieces">Addresses of the pieces' gradients, in slot order.</param>
/// <param name="buffers">Room for sums; the caller disposes of it.</param>
internal sealed class SummedGradient(TreeSum sums, nint[] pieces, SumBuffers buffers) : IShardGradient
{
    /// <inheritdoc/>
    public nint Sum(long start, long floats) => sums.Run(pieces, start, floats, buffers);

    /// <inheritdoc/>
    public (nint First, nint Second) Addends(long start, long floats) => sums.Addends(pieces, start, floats, buffers);

    /// <inheritdoc/>
    public (nint First, nint Second)? RoundedAddends(long start, long floats) => sums.RoundedAddends(pieces, start, floats, buffers);
}
