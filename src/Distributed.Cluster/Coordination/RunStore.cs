using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Coordination;

/// <summary>Carries versions between a job's servers and its run's folder; used on threads of their own.</summary>
/// <param name="spare">What they are put into on their way.</param>
internal sealed unsafe class RunStore(
    Guid job, byte[] secret, string node, TrainingMessages.Connect servers, ParameterLayout layout, SpareMemory spare, TimeSpan handshake, TimeSpan within,
    LinkTls? tls = null)
{
    /// <summary>Sees the weights of each version that is written: the version and the flat vector.</summary>
    public Action<long, nint>? Seen { get; init; }

    /// <summary>Called once all parts of a checkpoint are on the disk, before its manifest is: its version.</summary>
    public Action<long>? BeforeManifest { get; init; }

    /// <summary>Writes the model file; returns the SHA-256 of the weights.</summary>
    public string WriteModel(long version, string file, IReadOnlyDictionary<string, string> metadata)
    {
        using var client = Open();
        using var flat = Flat();
        client.ReadWeights(version, (float*)flat.Pointer);
        Seen?.Invoke(version, (nint)flat.Pointer);
        ModelFile.Write(file, layout, (nint)flat.Pointer, metadata);
        return WeightsSha256.Of(layout, (nint)flat.Pointer);
    }

    /// <summary>Copies weights and optimizer state of a version, at which all shards are held until <paramref name="kept"/> is called.</summary>
    public CheckpointContent ReadCheckpoint(long version, Action kept)
    {
        using var client = Open();
        client.KeepAll(version);
        kept();
        var content = new CheckpointContent(version, Flat());
        try
        {
            client.ReadWeights(version, (float*)content.Weights.Pointer);
            foreach (var shard in servers.Shards)
                content.Add(shard, client.ReadOptimizerState(shard, version, spare));
            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    /// <summary>Writes a checkpoint; returns its folder and size.</summary>
    public (string Folder, long Bytes) WriteCheckpoint(CheckpointContent content, string checkpoints, string jobText)
    {
        Seen?.Invoke(content.Version, (nint)content.Weights.Pointer);
        return CheckpointWriter.Write(
            checkpoints, content.Version, jobText,
            stream => ModelFile.Write(stream, layout, (nint)content.Weights.Pointer, new Dictionary<string, string> { ["version"] = $"{content.Version}" }),
            content.States,
            () => BeforeManifest?.Invoke(content.Version));
    }

    /// <summary>Gives every shard its range of a checkpoint, however the shards lay that wrote it. The servers stand at its version.</summary>
    /// <exception cref="BadInputException">The checkpoint is damaged, or of another model or optimizer.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        checkpoint.Verify();
        // The moments take as much as the states of a checkpoint that may wait here.
        spare.Clear();
        using var flat = Flat();
        ModelFile.Read(checkpoint.WeightsFile, layout, (nint)flat.Pointer);
        using var moments = new OptimizerMoments(layout);
        foreach (var (file, offset, length) in checkpoint.OptimizerStates)
        {
            using var stream = File.OpenRead(file);
            moments.Add(stream, file, offset, length);
        }

        using var client = Open();
        foreach (var shard in servers.Homes)
            client.Write(shard, checkpoint.Version, (float*)flat.Pointer, moments.Cut(shard.Offset, shard.Length));
    }

    /// <summary>The version and the SHA-256 of the weights of a model file; null without one.</summary>
    /// <exception cref="BadInputException">The file is damaged or holds another model.</exception>
    public (long Version, string WeightsSha256)? ReadModel(string file)
    {
        if (!File.Exists(file))
            return null;
        using var flat = Flat();
        var metadata = ModelFile.Read(file, layout, (nint)flat.Pointer);
        return (long.TryParse(metadata.GetValueOrDefault("version"), out var version) ? version : 0, WeightsSha256.Of(layout, (nint)flat.Pointer));
    }

    private ShardClient Open() => new(job, secret, node, servers, handshake, within, tls);

    private LentMemory Flat() => spare.Lend(layout.Length * sizeof(float));
}
