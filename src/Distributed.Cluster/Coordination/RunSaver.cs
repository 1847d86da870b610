using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Coordination;

/// <summary>Reads a version from the servers and writes it down; runs on a thread of its own.</summary>
internal sealed class RunSaver(
    Guid job, byte[] secret, string node, TrainingMessages.Connect servers, ParameterLayout layout, TimeSpan handshake, TimeSpan within)
{
    /// <summary>Writes the model file; returns the SHA-256 of the weights.</summary>
    public unsafe string WriteModel(long version, string file, IReadOnlyDictionary<string, string> metadata)
    {
        using var reader = new ShardReader(job, secret, node, servers, handshake, within);
        using var flat = new PrivateMemory(layout.Length * sizeof(float));
        reader.ReadWeights(version, (float*)flat.Pointer);
        ModelFile.Write(file, layout, (nint)flat.Pointer, metadata);
        return WeightsSha256.Of(layout, (nint)flat.Pointer);
    }

    /// <summary>Writes a checkpoint (weights and optimizer state); returns its folder and size.</summary>
    public unsafe (string Folder, long Bytes) WriteCheckpoint(long version, string checkpoints, string jobText)
    {
        using var reader = new ShardReader(job, secret, node, servers, handshake, within);
        using var flat = new PrivateMemory(layout.Length * sizeof(float));
        reader.ReadWeights(version, (float*)flat.Pointer);
        return CheckpointWriter.Write(
            checkpoints, version, jobText,
            path => ModelFile.Write(path, layout, (nint)flat.Pointer, new Dictionary<string, string> { ["version"] = $"{version}" }),
            servers.Shards.Select(shard => (shard, (Func<byte[]>)(() => reader.ReadOptimizerState(shard, version)))));
    }
}
