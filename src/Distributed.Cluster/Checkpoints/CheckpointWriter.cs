using System.Text;
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
    /// <param name="writeWeights">Writes the weights, as safetensors, to the stream it is given.</param>
    /// <param name="states">Each shard with what writes its optimizer's state to the stream it is given.</param>
    /// <param name="beforeManifest">Called when all else is on the disk.</param>
    public static (string Folder, long Bytes) Write(
        string checkpoints, long version, string jobText, Action<Stream> writeWeights,
        IEnumerable<(TrainingMessages.ShardDescription Shard, Action<Stream> Write)> states,
        Action? beforeManifest = null)
    {
        var folder = Path.Combine(checkpoints, RunCheckpoints.NameOf(version));
        var temporary = folder + Unfinished;
        if (Directory.Exists(temporary))
            Directory.Delete(temporary, recursive: true);
        Directory.CreateDirectory(temporary);
        Disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(checkpoints))!);

        var weights = WritePart("weights.safetensors", 0, 0, writeWeights);
        var optimizerStates = states
            .Select(part => WritePart($"optimizer-{part.Shard.Shard:D4}.bin", part.Shard.Offset, part.Shard.Length, part.Write))
            .ToArray();
        var job = WritePart("job.hocon", 0, 0, stream => stream.Write(Encoding.UTF8.GetBytes(jobText)));
        beforeManifest?.Invoke();
        var manifest = new CheckpointManifest(CheckpointManifest.CurrentFormat, version, weights, optimizerStates, job);
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

        CheckpointPart WritePart(string name, long offset, long length, Action<Stream> write)
        {
            using var file = new FileStream(Path.Combine(temporary, name), FileMode.Create, FileAccess.Write);
            using var hashed = new HashedStream(file);
            write(hashed);
            file.Flush(flushToDisk: true);
            return new CheckpointPart(name, file.Length, hashed.Sha256(), offset, length);
        }
    }
}
