namespace Distributed.Cluster.ParameterServers;

/// <summary>What a shard did with a piece that it was offered.</summary>
internal enum Verdict
{
    /// <summary>The piece is part of the coming update.</summary>
    Accepted,

    /// <summary>All its slots were in already; the same bits came twice.</summary>
    Duplicate,

    /// <summary>It was sent under leases that are no longer in force.</summary>
    OlderTerm,

    /// <summary>It belongs to an update that is already committed.</summary>
    OlderVersion,

    /// <summary>It belongs to a version that this shard has not reached: a fault of the sender.</summary>
    LaterVersion,

    /// <summary>Its slots are no node of the summation tree: a fault of the sender.</summary>
    NotInTree,
}

/// <summary>
/// The rules by which one shard goes from version t to t+1: once, when the gradient of every slot of t is in, each exactly
/// once. Knows slots, versions and terms, and nothing of memory, threads or links. Not thread-safe; its owner serialises calls.
/// </summary>
internal sealed class StepRules(int slots, long version, long term)
{
    private readonly List<SlotRange> pieces = [];
    private int slotsIn;

    /// <summary>How many updates the weights have had.</summary>
    public long Version { get; private set; } = version;

    /// <summary>The newest term heard of; what older terms send is dropped.</summary>
    public long Term { get; private set; } = term;

    /// <summary>Whether every slot of the current version is in.</summary>
    public bool Complete => slotsIn == slots;

    /// <summary>The accepted pieces of the current version, in slot order, disjoint.</summary>
    public IReadOnlyList<SlotRange> Pieces => pieces;

    /// <summary>The slots whose gradient of the current version is not in.</summary>
    public IReadOnlyList<int> Missing =>
        [.. Enumerable.Range(0, slots).Where(slot => !pieces.Exists(piece => slot >= piece.First && slot < piece.End))];

    /// <summary>
    /// Raises the term; a lower one changes nothing. What older terms brought of a version that is not complete is dropped: slots are leased
    /// anew, and computed again to the same bits.
    /// </summary>
    public void RaiseTerm(long newTerm)
    {
        if (newTerm <= Term)
            return;
        Term = newTerm;
        if (Complete)
            return;
        pieces.Clear();
        slotsIn = 0;
    }

    /// <summary>What <see cref="Offer"/> would answer, changing nothing.</summary>
    public Verdict Judge(long pieceTerm, long pieceVersion, SlotRange piece) =>
        pieceTerm < Term ? Verdict.OlderTerm
        : pieceVersion < Version ? Verdict.OlderVersion
        : pieceVersion > Version ? Verdict.LaterVersion
        : !SlotTree.IsNode(slots, piece) ? Verdict.NotInTree
        : pieceTerm > Term && !Complete ? Verdict.Accepted
        : SlotsInOf(piece) == piece.Count ? Verdict.Duplicate
        : Verdict.Accepted;

    /// <summary>
    /// Offers the sum of <paramref name="piece"/>'s slots for <paramref name="pieceVersion"/>. A piece that contains smaller ones
    /// which are in already takes their place (nodes of a tree are nested or disjoint), so that no slot counts twice.
    /// </summary>
    public Verdict Offer(long pieceTerm, long pieceVersion, SlotRange piece)
    {
        var verdict = Judge(pieceTerm, pieceVersion, piece);
        if (verdict != Verdict.Accepted)
            return verdict;
        RaiseTerm(pieceTerm);
        slotsIn -= pieces.Where(piece.Contains).Sum(held => held.Count);
        pieces.RemoveAll(held => piece.Contains(held));
        pieces.Insert(pieces.FindLastIndex(held => held.First < piece.First) + 1, piece);
        slotsIn += piece.Count;
        return verdict;
    }

    /// <summary>Moves on to the next version, for which nothing is in yet.</summary>
    /// <exception cref="InvalidOperationException">A slot is missing.</exception>
    public void Commit()
    {
        if (!Complete)
            throw new InvalidOperationException($"version {Version} lacks slots {string.Join(", ", Missing)}");
        Version++;
        slotsIn = 0;
        pieces.Clear();
    }

    /// <summary>How many slots of a node are in. Nodes are nested or disjoint: one held piece contains it, or it contains some.</summary>
    private int SlotsInOf(SlotRange piece) =>
        pieces.Exists(held => held.Contains(piece)) ? piece.Count : pieces.Where(piece.Contains).Sum(held => held.Count);
}
