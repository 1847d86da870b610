using System.Text.Json;
using System.Text.Json.Serialization;
using Distributed.Cluster.Jobs;

namespace Distributed.Cluster.Coordination;

/// <summary>The jobs that have ended at a coordinator, a JSON line each, so that it knows them when it is started anew.</summary>
internal static class JobHistory
{
    /// <summary>The file's name, in the folder of runs.</summary>
    public const string Name = "jobs.jsonl";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The newest entries, the oldest first; none where there is no file. A line that can't be read is left out.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static IReadOnlyList<JobEntry> Read(string file, int most)
    {
        if (!File.Exists(file))
            return [];
        var entries = new Queue<JobEntry>();
        foreach (var line in File.ReadLines(file))
        {
            try
            {
                if (JsonSerializer.Deserialize<JobEntry>(line, Json) is { Outcome: not null, Name: not null, Folder: not null } entry)
                    entries.Enqueue(entry);
            }
            catch (JsonException)
            {
                // A machine that lost its power leaves half a line; the others are whole.
            }

            if (entries.Count > most)
                entries.Dequeue();
        }

        return [.. entries];
    }

    /// <summary>Writes an entry down.</summary>
    /// <exception cref="IOException">It can't.</exception>
    public static void Append(string file, JobEntry entry)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.AppendAllText(file, JsonSerializer.Serialize(entry, Json) + "\n");
    }
}
