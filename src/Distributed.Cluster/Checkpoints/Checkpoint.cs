using System.Security.Cryptography;
using System.Text.Json;
using Distributed.Learning;

namespace Distributed.Cluster.Checkpoints;

/// <summary>A checkpoint on the disk.</summary>
internal sealed class Checkpoint
{
    private readonly CheckpointManifest manifest;

    private Checkpoint(string folder, CheckpointManifest manifest)
    {
        Folder = folder;
        this.manifest = manifest;
    }

    public string Folder { get; }

    /// <summary>How many updates its weights have had.</summary>
    public long Version => manifest.Version;

    /// <summary>The weights, a model file.</summary>
    public string WeightsFile => In(manifest.Weights.File);

    /// <summary>The files of the optimizer's state with the ranges of the flat vector that they are of, as the shards lay.</summary>
    public IReadOnlyList<(string File, long Offset, long Length)> OptimizerStates =>
        [.. manifest.OptimizerStates.Select(part => (In(part.File), part.Offset, part.Length))];

    /// <summary>The job as it was run.</summary>
    public string JobText => File.ReadAllText(In(manifest.Job.File));

    /// <summary>Reads the manifest; the parts are looked at by <see cref="Verify"/>.</summary>
    /// <exception cref="BadInputException">There is none, or it can't be used.</exception>
    public static Checkpoint Open(string folder)
    {
        var file = Path.Combine(folder, CheckpointManifest.File);
        CheckpointManifest manifest;
        try
        {
            manifest = CheckpointManifest.Parse(File.ReadAllBytes(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BadInputException($"{file}: expected a checkpoint's manifest: {exception.Message}", exception);
        }

        if (manifest.Format != CheckpointManifest.CurrentFormat)
            throw new BadInputException($"{file}: expected format {CheckpointManifest.CurrentFormat}, got {manifest.Format}");
        if (manifest.Version < 0)
            throw new BadInputException($"{file}: expected a version of at least 0, got {manifest.Version}");
        // A name that leads out of the folder is none that this program wrote.
        if (manifest.Parts().FirstOrDefault(part => part.File != Path.GetFileName(part.File) || part.File.Length == 0) is { } elsewhere)
            throw new BadInputException($"{file}: expected names of files beside it, got '{elsewhere.File}'");
        return new Checkpoint(folder, manifest);
    }

    /// <summary>Compares size and SHA-256 of every part with the manifest.</summary>
    /// <exception cref="BadInputException">A part is missing or damaged.</exception>
    public void Verify()
    {
        foreach (var part in manifest.Parts())
        {
            try
            {
                using var stream = File.OpenRead(In(part.File));
                if (stream.Length != part.Bytes)
                    throw new BadInputException($"{In(part.File)}: expected {part.Bytes} bytes, got {stream.Length}");
                if (Convert.ToHexStringLower(SHA256.HashData(stream)) != part.Sha256)
                    throw new BadInputException($"{In(part.File)}: its SHA-256 is not that of the manifest");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new BadInputException($"{In(part.File)}: can't be read: {exception.Message}", exception);
            }
        }
    }

    private string In(string file) => Path.Combine(Folder, file);
}
