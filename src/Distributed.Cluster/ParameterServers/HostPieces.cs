namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// The rules by which the gradients of one host's workers become the pieces that leave it: the fewest nodes of the summation tree that are
/// exactly the host's slots. Knows slots and versions, and nothing of memory or links. Not thread-safe; its owner serialises calls.
/// </summary>
/// <param name="slots">The job's slots.</param>
/// <param name="owned">The slots of the host's workers.</param>
internal sealed class HostPieces(int slots, IReadOnlyCollection<int> owned)
{
    private readonly IReadOnlyList<SlotRange> pieces = SlotTree.Pieces(slots, owned.Contains);
    private readonly List<SlotRange> parts = [];

    /// <summary>The newest version of which something came.</summary>
    public long Version { get; private set; } = -1;

    /// <summary>
    /// Takes what one worker has summed. A worker begins a version only when all homes of all shards have it, so the first part of a version
    /// says that nothing of the one before is missing anywhere.
    /// </summary>
    /// <returns>The piece that is whole now, and its parts in slot order; null while parts are missing, and of what came before.</returns>
    /// <exception cref="ArgumentException">It is no part of a piece of this host.</exception>
    public (SlotRange Piece, SlotRange[] Parts)? Offer(long version, SlotRange part)
    {
        if (!SlotTree.IsNode(slots, part) || pieces.FirstOrDefault(candidate => candidate.Contains(part)) is not { Count: > 0 } piece)
            throw new ArgumentException($"slots {part} are none of this host's, or no node of the tree", nameof(part));
        if (version < Version)
            return null;
        if (version > Version)
        {
            Version = version;
            parts.Clear();
        }

        if (parts.Exists(there => there.Contains(part) || part.Contains(there)))
            return null;
        parts.Add(part);
        var whole = parts.Where(piece.Contains).OrderBy(there => there.First).ToArray();
        return whole.Sum(there => there.Count) == piece.Count ? (piece, whole) : null;
    }
}
