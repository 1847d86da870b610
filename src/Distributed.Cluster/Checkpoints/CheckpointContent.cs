using Distributed.Cluster.Protocol;
using Distributed.Transport;

namespace Distributed.Cluster.Checkpoints;

/// <summary>What a checkpoint is made of, copied out of the servers: the whole flat weights and each shard's optimizer state.</summary>
internal sealed class CheckpointContent(
    long version, PrivateMemory weights, IReadOnlyList<(TrainingMessages.ShardDescription Shard, byte[] State)> states) : IDisposable
{
    public long Version => version;

    public PrivateMemory Weights => weights;

    public IReadOnlyList<(TrainingMessages.ShardDescription Shard, byte[] State)> States => states;

    public void Dispose() => weights.Dispose();
}
