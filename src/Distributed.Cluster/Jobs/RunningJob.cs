using System.Text.Json;
using Distributed.Learning;

namespace Distributed.Cluster.Jobs;

/// <summary>A run that goes on on this machine, found by its folder.</summary>
internal static class RunningJob
{
    /// <summary>The address (host:port) of the coordinator that writes a run's files.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="BadInputException">It is no run's folder, or the run has ended.</exception>
    public static string AddressOf(string folder)
    {
        var log = Path.Combine(folder, "cluster.log");
        if (!File.Exists(log))
            throw new BadInputException($"{folder}: expected the folder of a run; there is no cluster.log in it");
        if (!ResumableRun.GoesOn(folder))
            throw new BadInputException($"{folder}: the run has ended");
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        string? address = null;
        // A resumed run has the addresses of all its coordinators, the present one's last.
        while (reader.ReadLine() is { } line)
            address = Started(line) ?? address;
        return address ?? throw new BadInputException($"{log}: its coordinator has not said yet where it is; try again in a moment");
    }

    private static string? Started(string line)
    {
        try
        {
            using var parsed = JsonDocument.Parse(line);
            var root = parsed.RootElement;
            return root.GetProperty("event").GetString() == "node-started" && root.GetProperty("role").GetString()!.Split(',').Contains("coordinator")
                ? root.GetProperty("fields").GetProperty("address").GetString()
                : null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A line that is being written, or was cut when an earlier process ended.
            return null;
        }
    }
}
