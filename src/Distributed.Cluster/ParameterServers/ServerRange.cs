using Distributed.Cluster.Protocol;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// The consecutive shards of one server: where they start in the flat vector (floats) and how many bytes, in whole pages, each
/// of the two versions takes in the server's segment.
/// </summary>
internal readonly record struct ServerRange(long Offset, long Floats)
{
    public long Bytes => MemoryPages.RoundUp(Floats * sizeof(float));

    /// <param name="shards">A server's shards in order; at least one.</param>
    public static ServerRange Of(IReadOnlyList<TrainingMessages.ShardDescription> shards) =>
        new(shards[0].Offset, shards[^1].Offset + shards[^1].Length - shards[0].Offset);
}
