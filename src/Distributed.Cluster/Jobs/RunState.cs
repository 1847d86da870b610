using System.Text.Json;

namespace Distributed.Cluster.Jobs;

/// <summary>How a run ended, as its summary.json says.</summary>
internal sealed record RunState(bool Completed, bool StoppedEarly, long Steps)
{
    /// <summary>Null where a run's folder has no summary: it goes on, or was killed before it could write one.</summary>
    public static RunState? Of(string folder)
    {
        try
        {
            using var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "summary.json")));
            var root = summary.RootElement;
            return new RunState(
                root.GetProperty("status").GetString() == "completed", root.GetProperty("stoppedEarly").GetBoolean(), root.GetProperty("steps").GetInt64());
        }
        catch (Exception exception) when (exception is IOException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // No summary, or none of ours: the run's other files speak for it.
            return null;
        }
    }
}
