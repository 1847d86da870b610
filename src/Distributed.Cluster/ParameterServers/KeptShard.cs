using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>What a checkpoint holds of a shard, copied while the shard was held at a version: it stays as the shard goes on.</summary>
/// <param name="weights">The float32 master weights.</param>
/// <param name="state">The optimizer's state, as it is saved.</param>
/// <param name="stateBytes">The length of that state.</param>
/// <param name="spare">Whose memory it is.</param>
internal sealed class KeptShard(long version, PrivateMemory weights, PrivateMemory state, long stateBytes, SpareMemory spare) : IDisposable
{
    public long Version => version;

    public PrivateMemory Weights => weights;

    public PrivateMemory State => state;

    public long StateBytes => stateBytes;

    public void Dispose()
    {
        spare.Return(weights);
        spare.Return(state);
    }
}
