using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Workers;

/// <summary>
/// Computes the sum of a piece's slots in the canonical order while holding as few gradients as possible: backward adds into
/// the current buffer, so a right child that is a single slot needs no buffer of its own.
/// </summary>
internal static class SlotGradients
{
    /// <summary>Adds the gradient of a slot to the piece's buffer, and then each of some scratch buffers in their order.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="asides">Scratch buffers: for each in turn, the piece's buffer becomes (scratch buffer + piece's buffer).</param>
    public delegate void AddSlot(int slot, ReadOnlySpan<int> asides);

    /// <param name="piece">A node of the summation tree.</param>
    /// <param name="scratch">Indices of the free buffers, <see cref="SlotTree.ScratchBuffers"/> of them.</param>
    /// <param name="zero">Zeroes the piece's buffer.</param>
    /// <param name="addSlot">Adds a slot; after that of the piece's last slot its sum is complete.</param>
    /// <param name="setAside">Copies the piece's buffer to a scratch buffer.</param>
    public static void Compute(SlotRange piece, ReadOnlySpan<int> scratch, Action zero, AddSlot addSlot, Action<int> setAside) =>
        Compute(piece, scratch, [], zero, addSlot, setAside);

    private static void Compute(
        SlotRange piece, ReadOnlySpan<int> scratch, ReadOnlySpan<int> asides, Action zero, AddSlot addSlot, Action<int> setAside)
    {
        if (piece.Count == 1)
        {
            zero();
            addSlot(piece.First, asides);
            return;
        }

        var (left, right) = SlotTree.Split(piece);
        Compute(left, scratch, [], zero, addSlot, setAside);
        if (right.Count == 1)
        {
            addSlot(right.First, asides);
            return;
        }

        setAside(scratch[0]);
        Compute(right, scratch[1..], [scratch[0], .. asides], zero, addSlot, setAside);
    }
}
