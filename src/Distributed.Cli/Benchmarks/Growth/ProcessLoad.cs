using System.Globalization;

namespace Distributed.Cli.Benchmarks.Growth;

/// <summary>What a process holds at one moment.</summary>
/// <param name="Seconds">The moment, from the first one.</param>
/// <param name="Step">The step that the job had reached.</param>
/// <param name="Anonymous">Bytes of its own memory: native and managed heaps, stacks.</param>
/// <param name="Shared">Bytes of shared memory that it has mapped.</param>
/// <param name="Managed">Bytes of the managed heap that were in use after the last collection.</param>
/// <param name="Descriptors">Open files and sockets.</param>
/// <param name="PausedSeconds">How long collections have stopped it so far.</param>
internal sealed record ProcessLoad(
    double Seconds, long Step, long Anonymous, long Shared, long Managed, int Threads, int Descriptors, double PausedSeconds)
{
    /// <summary>Of a running process of this user.</summary>
    /// <exception cref="IOException">It has ended.</exception>
    public static ProcessLoad Of(int process, double seconds, long step, long managed, double paused)
    {
        var lines = File.ReadAllLines($"/proc/{process}/status");
        return new ProcessLoad(
            seconds, step, 1024 * Of("RssAnon:"), 1024 * Of("RssShmem:"), managed, (int)Of("Threads:"), Directory.GetFiles($"/proc/{process}/fd").Length, paused);

        long Of(string key) => long.Parse(
            lines.First(line => line.StartsWith(key, StringComparison.Ordinal))[key.Length..].Replace("kB", "", StringComparison.Ordinal),
            NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }
}
