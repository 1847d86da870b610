using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>What a checkpoint holds of a shard, copied while the shard was held at a version: it stays as the shard goes on.</summary>
/// <param name="weights">The float32 master weights.</param>
/// <param name="state">The optimizer's state, as it is saved.</param>
/// <param name="stateBytes">The length of that state.</param>
internal sealed class KeptShard(long version, LentMemory weights, LentMemory state, long stateBytes) : IDisposable
{
    public long Version => version;

    public LentMemory Weights => weights;

    public LentMemory State => state;

    public long StateBytes => stateBytes;

    public void Dispose()
    {
        weights.Dispose();
        state.Dispose();
    }
}
