namespace Distributed.Cluster.ParameterServers;

/// <summary>One shard: the floats [Offset, Offset + Length) of the flat parameter vector, and the server node that owns it.</summary>
internal readonly record struct ShardRange(int Shard, int Server, long Offset, long Length)
{
    public long End => Offset + Length;
}

/// <summary>Cuts the flat parameter vector into shards: contiguous, in order, as even as page boundaries allow.</summary>
internal static class ShardPlan
{
    /// <summary>
    /// Shards start at memory pages, so that a worker can map the shards of several servers side by side: at every precision, and so at
    /// every second page in float32.
    /// </summary>
    public const long PageFloats = 4096 / sizeof(ushort);

    /// <summary>Below this size a second shard on a node costs more in wake-ups than it saves in arithmetic.</summary>
    public const long FloatsWorthAShard = 128 * 1024;

    /// <summary>Over a network a shard of 128 KB is large enough: a smaller one is gone before the next thread is awake.</summary>
    public const long FloatsWorthSending = 32 * 1024;

    /// <summary>Over a network a shard of 1 MB is small enough: its update takes a hundredth of the time in which its bytes travel.</summary>
    public const long MostFloatsSent = 256 * 1024;

    /// <summary>What several shards a server gain is had with so many, where they are not larger than need be.</summary>
    public const int ShardsWorthStreaming = 8;

    /// <summary>More threads a server, and longer lists of shards, are not worth it for the largest of models.</summary>
    public const int MostShardsAServer = 64;

    /// <summary>More shards in a job, and the messages that name them get long.</summary>
    public const int MostShardsAJob = 512;

    /// <summary>
    /// Shards for <paramref name="length"/> floats on <paramref name="servers"/> nodes with <paramref name="coresPerServer"/>
    /// cores each. Every server has one shard at least, unless the vector has fewer pages than there are servers. What lies behind
    /// (<paramref name="appended"/> floats: running statistics) goes to the last shard, so that every shard has something to train.
    /// </summary>
    public static IReadOnlyList<ShardRange> Cut(long length, int servers, int coresPerServer, long appended = 0) =>
        Cut(length, servers, (int)Math.Clamp(length / servers / FloatsWorthAShard, 1, Math.Max(1, coresPerServer)), appended, dealt: false);

    /// <summary>
    /// Likewise for links over a network, where shards go one by one while backward still runs, and come back so: many smaller ones,
    /// dealt to the servers in turn. Then each server, and each direction of each wire, has its share of whatever layer is ready.
    /// </summary>
    public static IReadOnlyList<ShardRange> CutForStreaming(long length, int servers, long appended = 0)
    {
        var each = (length + servers - 1) / servers;
        var floats = Math.Clamp((each + ShardsWorthStreaming - 1) / ShardsWorthStreaming, FloatsWorthSending, MostFloatsSent);
        var perServer = Math.Clamp((each + floats - 1) / floats, 1, Math.Clamp(MostShardsAJob / servers, 1, MostShardsAServer));
        return Cut(length, servers, (int)perServer, appended, dealt: true);
    }

    /// <summary>
    /// The second homes of shards: on the next server that is on another host, or on the next one where all are on the same. None with
    /// one server.
    /// </summary>
    /// <param name="shards">The shards on their first homes.</param>
    /// <param name="hosts">The host of each server.</param>
    public static IReadOnlyList<ShardRange> Backups(IEnumerable<ShardRange> shards, IReadOnlyList<string> hosts) =>
        hosts.Count < 2 ? [] : [.. shards.Select(shard => shard with { Server = SecondHome(shard.Server, hosts) })];

    private static int SecondHome(int server, IReadOnlyList<string> hosts)
    {
        var others = Enumerable.Range(1, hosts.Count - 1).Select(step => (server + step) % hosts.Count).ToArray();
        // Hosts with several servers deal their shards out to all servers of the next host, not to its first alone.
        var elsewhere = Array.FindAll(others, other => hosts[other] != hosts[server]);
        return elsewhere.Length == 0 ? others[0] : elsewhere[Enumerable.Range(0, server).Count(other => hosts[other] == hosts[server]) % elsewhere.Length];
    }

    private static List<ShardRange> Cut(long length, int servers, int perServer, long appended, bool dealt)
    {
        var pages = (length + PageFloats - 1) / PageFloats;
        var shards = (int)Math.Min(pages, (long)servers * perServer);
        var plan = new List<ShardRange>(shards);
        for (var i = 0; i < shards; i++)
        {
            var start = pages * i / shards * PageFloats;
            var end = i == shards - 1 ? length + appended : pages * (i + 1) / shards * PageFloats;
            plan.Add(new ShardRange(i, dealt ? i % servers : (int)((long)i * servers / shards), start, end - start));
        }

        return plan;
    }
}
