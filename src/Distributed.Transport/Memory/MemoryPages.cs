using System.Globalization;

namespace Distributed.Transport;

/// <summary>Memory is shared and mapped in whole pages: their size, and the checks that every mapping makes.</summary>
public static class MemoryPages
{
    /// <summary>The size of a page in bytes (4096 on most machines).</summary>
    public static int Size { get; } = Environment.SystemPageSize;

    /// <summary>The smallest whole number of pages that holds <paramref name="bytes"/>, in bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative or too near the end of a long.</exception>
    public static long RoundUp(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, long.MaxValue - Size);
        return (bytes + Size - 1) / Size * Size;
    }

    /// <summary>
    /// Checks a size before memory is asked for. The kernel would promise almost any size and end the process when it is touched,
    /// so what exceeds the free memory is refused here.
    /// </summary>
    internal static void CheckObtainable(long bytes, string what)
    {
        if (bytes <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), $"{what} needs a size above 0 bytes, not {bytes}.");
        }

        long free = FreeBytes();
        if (bytes > free)
        {
            throw new InsufficientMemoryException($"{what} of {bytes} bytes does not fit: about {free} bytes of memory are free.");
        }
    }

    internal static void CheckWhole(long value, string name)
    {
        if (value < 0 || value % Size != 0)
        {
            throw new ArgumentException($"{name} must be a multiple of the page size {Size}, not {value}.", name);
        }
    }

    /// <summary>What this process can still get: the machine's available memory, or less where its control group sets a limit.</summary>
    private static long FreeBytes()
    {
        if (!OperatingSystem.IsLinux())
        {
            return GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        }

        return Math.Min(MachineFreeBytes(), GroupFreeBytes());
    }

    private static long MachineFreeBytes()
    {
        const string key = "MemAvailable:";
        foreach (string line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith(key, StringComparison.Ordinal))
            {
                string kibibytes = line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
                return long.TryParse(kibibytes, CultureInfo.InvariantCulture, out long value) ? value * 1024 : long.MaxValue;
            }
        }

        return long.MaxValue;
    }

    private static long GroupFreeBytes()
    {
        // Inside a container this is the root of the container's own group; elsewhere the files are absent and nothing is limited.
        return ReadNumber("/sys/fs/cgroup/memory.max") is { } limit && ReadNumber("/sys/fs/cgroup/memory.current") is { } used
            ? Math.Max(0, limit - used)
            : long.MaxValue;
    }

    private static long? ReadNumber(string path)
    {
        try
        {
            return long.TryParse(File.ReadAllText(path).Trim(), CultureInfo.InvariantCulture, out long value) ? value : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
