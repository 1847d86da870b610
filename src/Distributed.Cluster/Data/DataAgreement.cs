using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Data;

/// <summary>
/// What a job's coordinator knows of its nodes' data: the data is that of the coordinator's own node if it has the files, else that of the worker that first
/// says that it has them; and whoever has the same can give it to others.
/// </summary>
/// <param name="self">The coordinator's node.</param>
/// <param name="inherits">Whether the job has begun under another coordinator: then its data is what its workers agreed on there.</param>
internal sealed class DataAgreement(string self, bool inherits = false)
{
    private readonly HashSet<string> holders = new(StringComparer.Ordinal);
    private readonly HashSet<string> lacking = new(StringComparer.Ordinal);
    private bool looked = inherits;
    private bool waits = inherits;

    /// <summary>What the job's data is; null while that is open.</summary>
    public DataMessages.Summary? Reference { get; private set; }

    /// <summary>A node that has it: the coordinator's own rather than another; null where none is there any more.</summary>
    public string? Holder => holders.Contains(self) ? self : holders.Min(StringComparer.Ordinal);

    /// <summary>The coordinator has looked for the files on its own node.</summary>
    /// <param name="has">Null: they are not there.</param>
    public void Look(DataMessages.Summary? has)
    {
        looked = true;
        if (has is not null)
            Take(self, has);
    }

    /// <summary>A job that was begun elsewhere: all who worked there have said what they have.</summary>
    public void Settle() => waits = false;

    /// <summary>A worker says what it has.</summary>
    /// <param name="node">The worker.</param>
    /// <param name="has">Null: files are missing.</param>
    /// <param name="agreed">Whether it has worked with this data for the job.</param>
    public void Take(string node, DataMessages.Summary? has, bool agreed = false)
    {
        if (has is null)
        {
            lacking.Add(node);
            return;
        }

        lacking.Remove(node);
        // What a worker has counts once it is known that the coordinator's node has nothing; the workers ask again.
        if (!looked || (waits && !agreed && Reference is null))
            return;
        Reference ??= has;
        if (Reference == has)
            holders.Add(node);
    }

    /// <summary>A worker is no member any more.</summary>
    public void Lose(string node)
    {
        if (node != self)
            holders.Remove(node);
        lacking.Remove(node);
    }

    /// <summary>Whether a worker can be answered.</summary>
    /// <param name="workers">All workers of the job.</param>
    public bool IsDecided(IEnumerable<string> workers) => Reference is not null || (looked && !waits && workers.All(lacking.Contains));
}
