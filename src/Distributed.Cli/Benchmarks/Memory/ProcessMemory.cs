using System.Globalization;

namespace Distributed.Cli.Benchmarks.Memory;

/// <summary>What a process has in memory at one moment, in bytes, as the system counts it.</summary>
/// <param name="Weights">Of the shared segments that servers make for weights, mapped by servers and workers.</param>
/// <param name="Gradients">Of the shared segments that workers make for gradients, mapped by workers and servers.</param>
/// <param name="Anonymous">Memory of its own that comes from no file: native and managed heaps, stacks, what arrives over TCP.</param>
internal sealed record ProcessMemory(long Weights, long Gradients, long Anonymous)
{
    /// <summary>Of a running process of this user.</summary>
    /// <exception cref="IOException">It has ended.</exception>
    public static ProcessMemory Of(int process) => Parse(File.ReadLines($"/proc/{process}/smaps"));

    /// <summary>Adds up the lines of <c>/proc/PID/smaps</c>: a head a mapping, which ends in its name, then a line a figure.</summary>
    public static ProcessMemory Parse(IEnumerable<string> lines)
    {
        var (weights, gradients, anonymous) = (0L, 0L, 0L);
        var name = "";
        foreach (var line in lines)
        {
            var key = line.AsSpan(0, Math.Max(0, line.IndexOf(' ', StringComparison.Ordinal)));
            if (!key.EndsWith(":"))
                name = line;
            else if (key is "Rss:" && name.Contains("/memfd:weights ", StringComparison.Ordinal))
                weights += Bytes(line);
            else if (key is "Rss:" && name.Contains("/memfd:gradients ", StringComparison.Ordinal))
                gradients += Bytes(line);
            else if (key is "Anonymous:")
                anonymous += Bytes(line);
        }

        return new ProcessMemory(weights, gradients, anonymous);
    }

    private static long Bytes(string line) =>
        1024 * long.Parse(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
}
