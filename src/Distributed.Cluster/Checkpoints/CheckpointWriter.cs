using System.Security.Cryptography;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Checkpoints;

/// <summary>
/// Writes checkpoints that are whole or absent: parts first, then the manifest, all in a temporary folder that is renamed at the
/// end; files and folders are flushed to the disk before they are relied on.
/// </summary>
internal static class CheckpointWriter
{
    /// <summary>What the name of a folder ends with until it is whole.</summary>
    public const string Unfinished = ".new";

    /// <param name="checkpoints">The folder of all checkpoints of a run.</param>
    /// <param name="writeWeights">Writes the weights, as safetensors, to the path it is given.</param>
    /// <param name="states">Each shard with a way to get its optimizer's state.</param>
    /// <param name="beforeManifest">Called when all else is on the disk.</param>
    public static (string Folder, long Bytes) Write(
        string checkpoints, long version, string jobText, Action<string> writeWeights,
        IEnumerable<(TrainingMessages.ShardDescription Shard, Func<byte[]> State)> states,
        Action? beforeManifest = null)
    {
        var folder = Path.Combine(checkpoints, RunCheckpoints.NameOf(version));
        var temporary = folder + Unfinished;
        if (Directory.Exists(temporary))
            Directory.Delete(temporary, recursive: true);
        Directory.CreateDirectory(temporary);
        Disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(checkpoints))!);

        var weightsFile = Path.Combine(temporary, "weights.safetensors");
        writeWeights(weightsFile);
        Disk.Flush(weightsFile);
        var parts = new List<CheckpointPart>();
        foreach (var (shard, state) in states)
        {
            var name = $"optimizer-{shard.Shard:D4}.bin";
            Disk.WriteAndFlush(Path.Combine(temporary, name), state());
            parts.Add(Describe(temporary, name, shard.Offset, shard.Length));
        }

        Disk.WriteAndFlush(Path.Combine(temporary, "job.hocon"), System.Text.Encoding.UTF8.GetBytes(jobText));
        beforeManifest?.Invoke();
        var manifest = new CheckpointManifest(
            CheckpointManifest.CurrentFormat, version, Describe(temporary, "weights.safetensors", 0, 0), [.. parts], Describe(temporary, "job.hocon", 0, 0));
        Disk.WriteAndFlush(Path.Combine(temporary, CheckpointManifest.File), manifest.ToBytes());
        Disk.FlushFolder(temporary);
        // One of the same version goes only when the new one has its name.
        var former = folder + ".old";
        if (Directory.Exists(former))
            Directory.Delete(former, recursive: true);
        if (Directory.Exists(folder))
            Directory.Move(folder, former);
        Directory.Move(temporary, folder);
        Disk.FlushFolder(checkpoints);
        if (Directory.Exists(former))
            Directory.Delete(former, recursive: true);
        return (folder, manifest.Weights.Bytes + manifest.OptimizerStates.Sum(part => part.Bytes));
    }

    private static CheckpointPart Describe(string folder, string name, long offset, long length)
    {
        using var stream = File.OpenRead(Path.Combine(folder, name));
        return new CheckpointPart(name, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)), offset, length);
    }
}
