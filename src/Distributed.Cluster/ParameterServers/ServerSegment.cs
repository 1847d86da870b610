using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Where the shards of one server lie in its segment: one behind the other, in whole pages, once for even and once for odd versions, and
/// behind them the words that announce versions: one for all shards and one for each. Then comes what second homes on the same host share:
/// a word for each shard that says which version is whole, and the moments of shared ones. Whoever maps it works it out from the shards alone.
/// </summary>
internal sealed class ServerSegment
{
    private readonly Dictionary<int, long> places = [];
    private readonly Dictionary<int, int> order = [];
    private readonly Dictionary<int, (long Place, long Bytes)> moments = [];
    private readonly FlatFormat format;

    /// <param name="shards">A server's shards in order; a server without any has an empty page.</param>
    /// <param name="format">How the flat vector lies in memory.</param>
    /// <param name="optimizer">The job's, for whoever looks for moments; to others it makes no difference.</param>
    public ServerSegment(IReadOnlyList<TrainingMessages.ShardDescription> shards, FlatFormat format = default, OptimizerSpec? optimizer = null)
    {
        this.format = format;
        foreach (var shard in shards)
        {
            order.Add(shard.Shard, order.Count);
            places.Add(shard.Shard, Bytes);
            Bytes += BytesOf(shard);
        }

        Bytes = Math.Max(Bytes, MemoryPages.RoundUp(1));
        BytesInAll = Announcement + MemoryPages.RoundUp((1 + 2 * order.Count) * sizeof(int));
        if (optimizer is null)
            return;
        foreach (var shard in shards.Where(shard => shard.Shared))
        {
            var room = MemoryPages.RoundUp(ShardOptimizer.MomentRoom(optimizer, shard.Length)!.Value);
            moments.Add(shard.Shard, (BytesInAll, room));
            BytesInAll += 2 * room;
        }
    }

    /// <summary>Shards that follow each other in the flat vector, too.</summary>
    /// <param name="Offset">Where they start in the flat vector, in bytes.</param>
    /// <param name="Place">Where they start among the shards of one version in the segment, in bytes.</param>
    /// <param name="Bytes">Their size in whole pages.</param>
    public readonly record struct Part(long Offset, long Place, long Bytes);

    /// <summary>What one version takes, in whole pages.</summary>
    public long Bytes { get; }

    /// <summary>Both versions, the words and what is shared.</summary>
    public long BytesInAll { get; }

    /// <summary>Where the newest version that all shards have is announced.</summary>
    public long Announcement => 2 * Bytes;

    /// <summary>Where a shard's newest version is announced.</summary>
    public long AnnouncementOf(int shard) => Announcement + (1 + order[shard]) * sizeof(int);

    /// <summary>Where it says which version of a shard is whole, its optimizer's moments included.</summary>
    public long WholeOf(int shard) => Announcement + (1 + order.Count + order[shard]) * sizeof(int);

    /// <summary>Where the moments of a shared shard lie, in bytes: those after an even number of updates, and those after an odd one.</summary>
    public (long Even, long Odd) MomentsOf(int shard) => (moments[shard].Place, moments[shard].Place + moments[shard].Bytes);

    /// <summary>Where a shard starts among the shards of one version, in bytes.</summary>
    public long PlaceOf(int shard) => places[shard];

    /// <summary>What is to be mapped to have some of the shards, in order.</summary>
    public IReadOnlyList<Part> PartsOf(IEnumerable<TrainingMessages.ShardDescription> shards)
    {
        var parts = new List<Part>();
        foreach (var shard in shards)
        {
            var part = new Part(format.BytesTo(shard.Offset), places[shard.Shard], BytesOf(shard));
            if (parts.Count > 0 && parts[^1] is var last && last.Offset + last.Bytes == part.Offset && last.Place + last.Bytes == part.Place)
                parts[^1] = last with { Bytes = last.Bytes + part.Bytes };
            else
                parts.Add(part);
        }

        return parts;
    }

    private long BytesOf(TrainingMessages.ShardDescription shard) => MemoryPages.RoundUp(format.BytesOf(shard.Offset, shard.Length));
}
