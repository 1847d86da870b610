namespace Distributed.Learning;

/// <summary>
/// Where a user's cache lies and what is in it: <c>$TRAINER_CACHE</c>, else <c>$XDG_CACHE_HOME/trainer/data</c>, else
/// <c>~/.cache/trainer/data</c>; nowhere where the variable says <c>off</c> or there is no home.
/// </summary>
internal sealed class CacheFolder(string path)
{
    /// <summary>What the files of decoded data end in.</summary>
    public const string Extension = ".data";

    private const string Variable = "TRAINER_CACHE";
    private const string UnfinishedExtension = ".part";

    /// <summary>The folder's path.</summary>
    public string Path => path;

    /// <summary>The user's folder, by environment variables; null for none.</summary>
    public static CacheFolder? OfUser(Func<string, string?> variable)
    {
        if (variable(Variable) is { Length: > 0 } named) return named is "off" ? null : new CacheFolder(System.IO.Path.GetFullPath(named));
        var caches = variable("XDG_CACHE_HOME") is { } cache && System.IO.Path.IsPathFullyQualified(cache) ? cache
            : variable("HOME") is { } home && System.IO.Path.IsPathFullyQualified(home) ? System.IO.Path.Combine(home, ".cache")
            : null;
        return caches is null ? null : new CacheFolder(System.IO.Path.Combine(caches, "trainer", "data"));
    }

    /// <summary>The file of a key, there or not.</summary>
    public string FileOf(string key) => System.IO.Path.Combine(path, key + Extension);

    /// <summary>A name for the file of a key while it is written; no other process takes the same one.</summary>
    public string UnfinishedFileOf(string key) => System.IO.Path.Combine(path, $"{key}-{Guid.NewGuid():N}{UnfinishedExtension}");

    /// <summary>One of sixteen lock files, so that their number does not grow with the keys.</summary>
    public string LockOf(string key) => System.IO.Path.Combine(path, $"lock-{key[0]}");

    /// <summary>Makes the folder, readable by its owner alone.</summary>
    /// <exception cref="IOException">It can't be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public void Create()
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>The files of decoded data, those that were used last first.</summary>
    public IReadOnlyList<FileInfo> Files() =>
        Directory.Exists(path)
            ? [.. new DirectoryInfo(path).GetFiles("*" + Extension).OrderByDescending(file => file.LastWriteTimeUtc).ThenBy(file => file.Name, StringComparer.Ordinal)]
            : [];

    /// <summary>Marks a file as used now, where that can be done: those that were not used for longest go first.</summary>
    public static void Touch(string file)
    {
        try
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A folder that can only be read, or a file that has just been removed: it is as usable without.
        }
    }

    /// <summary>Removes the files that were not used for longest until the rest is short enough. Who has one mapped keeps it.</summary>
    /// <param name="mostBytes">What may stay; 0 removes all.</param>
    /// <returns>How many were removed.</returns>
    public int Prune(long mostBytes)
    {
        var kept = 0L;
        var removed = 0;
        foreach (var file in Files())
        {
            kept += file.Length;
            if (kept <= mostBytes) continue;
            file.Delete();
            removed++;
        }
        return removed;
    }

    /// <summary>Removes what processes that were killed had begun to write under the lock of a key; call it with that lock.</summary>
    public void RemoveUnfinished(string key)
    {
        foreach (var file in Directory.GetFiles(path, $"{key[0]}*{UnfinishedExtension}")) File.Delete(file);
    }
}
