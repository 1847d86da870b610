namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// The order in which the new weights of one server's shards go to workers over the network: that of the flat vector, so that a worker
/// can begin its next forward pass with the first layers. Backward makes the gradients of those last, so weights also do not take
/// the wire from gradients that others wait for.
/// </summary>
/// <param name="shards">The shards' numbers in the order of the flat vector.</param>
/// <param name="version">The version that they have.</param>
internal sealed class WeightsOrder(IReadOnlyList<int> shards, long version)
{
    private readonly Lock sync = new();
    private readonly Dictionary<int, long> committed = shards.ToDictionary(shard => shard, _ => version);
    private long sending = version + 1;
    private int next;

    /// <summary>A shard has a new version; <paramref name="send"/> is called for every shard and version whose turn it is now.</summary>
    public void Committed(int shard, long version, Action<int, long> send)
    {
        lock (sync)
        {
            committed[shard] = version;
            while (committed[shards[next]] >= sending)
            {
                send(shards[next], sending);
                if (++next < shards.Count)
                    continue;
                next = 0;
                sending++;
            }
        }
    }
}
