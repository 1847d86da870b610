using System.Text.Json;

namespace Distributed.Cluster.Checkpoints;

/// <summary>One file of a checkpoint. An optimizer's state is that of the floats [Offset, Offset + Length) of the flat vector.</summary>
internal sealed record CheckpointPart(string File, long Bytes, string Sha256, long Offset, long Length);

/// <summary>What makes a checkpoint whole: written last, it names every part with size and hash.</summary>
internal sealed record CheckpointManifest(int Format, long Version, CheckpointPart Weights, CheckpointPart[] OptimizerStates, CheckpointPart Job)
{
    /// <summary>The file's name.</summary>
    public const string File = "manifest.json";

    /// <summary>The only format that this program writes and reads.</summary>
    public const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>All parts.</summary>
    public IEnumerable<CheckpointPart> Parts() => [Weights, .. OptimizerStates, Job];

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <exception cref="JsonException">It is no manifest.</exception>
    public static CheckpointManifest Parse(byte[] bytes) =>
        JsonSerializer.Deserialize<CheckpointManifest>(bytes, Json) ?? throw new JsonException("it is null");
}
