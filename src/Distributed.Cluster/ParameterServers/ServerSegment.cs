using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Where the shards of one server lie in its segment: one behind the other, in whole pages, once for even and once for odd versions, and
/// behind them the words that announce versions: one for all shards and one for each. Worker and server work it out from the shards alone.
/// </summary>
internal sealed class ServerSegment
{
    private readonly Dictionary<int, long> places = [];
    private readonly Dictionary<int, int> order = [];
    private readonly FlatFormat format;

    /// <param name="shards">A server's shards in order; a server without any has an empty page.</param>
    /// <param name="format">How the flat vector lies in memory.</param>
    public ServerSegment(IReadOnlyList<TrainingMessages.ShardDescription> shards, FlatFormat format = default)
    {
        this.format = format;
        foreach (var shard in shards)
        {
            order.Add(shard.Shard, order.Count);
            places.Add(shard.Shard, Bytes);
            Bytes += BytesOf(shard);
        }

        Bytes = Math.Max(Bytes, MemoryPages.RoundUp(1));
    }

    /// <summary>Shards that follow each other in the flat vector, too.</summary>
    /// <param name="Offset">Where they start in the flat vector, in bytes.</param>
    /// <param name="Place">Where they start among the shards of one version in the segment, in bytes.</param>
    /// <param name="Bytes">Their size in whole pages.</param>
    public readonly record struct Part(long Offset, long Place, long Bytes);

    /// <summary>What one version takes, in whole pages.</summary>
    public long Bytes { get; }

    /// <summary>Both versions and the announcements.</summary>
    public long BytesInAll => 2 * Bytes + MemoryPages.RoundUp((1 + order.Count) * sizeof(int));

    /// <summary>Where the newest version that all shards have is announced.</summary>
    public long Announcement => 2 * Bytes;

    /// <summary>Where a shard's newest version is announced.</summary>
    public long AnnouncementOf(int shard) => Announcement + (1 + order[shard]) * sizeof(int);

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
