namespace Distributed.Cluster.ParameterServers;

/// <summary>One shard: the floats [Offset, Offset + Length) of the flat parameter vector, and the server node that owns it.</summary>
internal readonly record struct ShardRange(int Shard, int Server, long Offset, long Length)
{
    public long End => Offset + Length;
}

/// <summary>Cuts the flat parameter vector into shards: contiguous, in order, as even as page boundaries allow.</summary>
internal static class ShardPlan
{
    /// <summary>Shards start at memory pages, so that a worker can map the shards of several servers side by side.</summary>
    public const long PageFloats = 4096 / sizeof(float);

    /// <summary>Below this size a second shard on a node costs more in wake-ups than it saves in arithmetic.</summary>
    public const long FloatsWorthAShard = 128 * 1024;

    /// <summary>
    /// Shards for <paramref name="length"/> floats on <paramref name="servers"/> nodes with <paramref name="coresPerServer"/>
    /// cores each. Every server has one shard at least, unless the vector has fewer pages than there are servers. What lies behind
    /// (<paramref name="appended"/> floats: running statistics) goes to the last shard, so that every shard has something to train.
    /// </summary>
    public static IReadOnlyList<ShardRange> Cut(long length, int servers, int coresPerServer, long appended = 0)
    {
        var pages = (length + PageFloats - 1) / PageFloats;
        var perServer = (int)Math.Clamp(length / servers / FloatsWorthAShard, 1, Math.Max(1, coresPerServer));
        var shards = (int)Math.Min(pages, (long)servers * perServer);
        var plan = new List<ShardRange>(shards);
        for (var i = 0; i < shards; i++)
        {
            var start = pages * i / shards * PageFloats;
            var end = i == shards - 1 ? length + appended : pages * (i + 1) / shards * PageFloats;
            plan.Add(new ShardRange(i, (int)((long)i * servers / shards), start, end - start));
        }

        return plan;
    }
}
