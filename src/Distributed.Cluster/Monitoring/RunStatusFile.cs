using System.Text.Json;
using System.Text.Json.Serialization;
using Distributed.Learning;

namespace Distributed.Cluster.Monitoring;

/// <summary>
/// <c>status.json</c> of a run's folder: how the run stands, written anew about once a second, for whoever sees the folder but knows no
/// node. It is whole at every moment. Safe to call from several threads.
/// </summary>
internal sealed class RunStatusFile(string folder) : IDisposable
{
    /// <summary>The file's name.</summary>
    public const string Name = "status.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly Lock gate = new();
    private bool last;

    /// <summary>Writes the status; after the one of a job that has ended, none.</summary>
    public void Write(ClusterStatus status)
    {
        lock (gate)
        {
            if (last)
                return;
            last = status.Run?.Job.Outcome is not null;
            try
            {
                var file = Path.Combine(folder, Name);
                File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(status, Json));
                File.Move(file + ".new", file, overwrite: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // A full disk, or a folder that is gone: the run's own files tell of it where it matters.
            }
        }
    }

    /// <summary>Nothing is written from here on.</summary>
    public void Dispose()
    {
        lock (gate)
            last = true;
    }

    /// <summary>Reads the status of a run; null where the run left none.</summary>
    /// <exception cref="BadInputException">The file is damaged.</exception>
    public static ClusterStatus? Read(string folder)
    {
        var file = Path.Combine(folder, Name);
        try
        {
            return JsonSerializer.Deserialize<ClusterStatus>(File.ReadAllBytes(file), Json);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException exception)
        {
            throw new BadInputException($"{file}: expected the status of a run: {exception.Message}", exception);
        }
    }

    /// <summary>Whether the run of a folder is over.</summary>
    public static bool IsOver(string folder) =>
        Read(folder) is { } status ? status.Run?.Job.Outcome is not null : File.Exists(Path.Combine(folder, "summary.json"));
}
