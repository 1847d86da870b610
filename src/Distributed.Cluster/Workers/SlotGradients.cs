using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Workers;

/// <summary>
/// Computes the sum of a piece's slots in the canonical order while holding as few gradients as possible: backward adds into
/// the current buffer, so a right child that is a single slot needs no buffer of its own.
/// </summary>
internal static class SlotGradients
{
    /// <param name="piece">A node of the summation tree.</param>
    /// <param name="scratch">Indices of the free buffers, <see cref="SlotTree.ScratchBuffers"/> of them.</param>
    /// <param name="zero">Zeroes the piece's buffer.</param>
    /// <param name="addSlot">Adds the gradient of a slot to the piece's buffer.</param>
    /// <param name="setAside">Copies the piece's buffer to a scratch buffer.</param>
    /// <param name="addAside">Makes the piece's buffer (scratch buffer + piece's buffer).</param>
    public static void Compute(
        SlotRange piece, ReadOnlySpan<int> scratch, Action zero, Action<int> addSlot, Action<int> setAside, Action<int> addAside)
    {
        if (piece.Count == 1)
        {
            zero();
            addSlot(piece.First);
            return;
        }

        var (left, right) = SlotTree.Split(piece);
        Compute(left, scratch, zero, addSlot, setAside, addAside);
        if (right.Count == 1)
        {
            addSlot(right.First);
            return;
        }

        setAside(scratch[0]);
        Compute(right, scratch[1..], zero, addSlot, setAside, addAside);
        addAside(scratch[0]);
    }
}
