namespace Distributed.Learning;

/// <summary>
/// Files below the data folder: their names in a job, and reading them with errors that name the file. A file may be compressed
/// by gzip; its first bytes say so, not its name.
/// </summary>
internal static class DataFile
{
    /// <summary>A name that a job gives for a file or folder below the data folder.</summary>
    /// <exception cref="BadInputException">The key is missing or its value leads elsewhere.</exception>
    public static string Name(SettingsSection section, string key, string? fallback = null)
    {
        var name = section.Text(key, fallback);
        CheckBelow(section, key, name);
        return name;
    }

    /// <summary>Several such names, at least one.</summary>
    /// <exception cref="BadInputException">The key is missing or a value leads elsewhere.</exception>
    public static IReadOnlyList<string> Names(SettingsSection section, string key, string what)
    {
        var names = section.Texts(key);
        if (names.Count == 0) throw section.Error(key, $"expected at least one {what}, got an empty list");
        foreach (var name in names) CheckBelow(section, key, name);
        return names;
    }

    /// <summary>The path of a file on this machine.</summary>
    /// <exception cref="BadInputException">It is not there; the message says where to place it.</exception>
    public static string Find(string dataFolder, string name)
    {
        var path = Path.Combine(dataFolder, name);
        return File.Exists(path) ? path
            : throw new BadInputException($"{path}: no such file; place it there or name another data folder with --data");
    }

    /// <summary>Reads a file, decompressed where it is compressed.</summary>
    /// <exception cref="BadInputException">It can't be read or is damaged.</exception>
    public static T Read<T>(string path, Func<Stream, T> read)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            using var content = IsGzip(file)
                ? new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionMode.Decompress) : (Stream)file;
            return read(content);
        }
        catch (InvalidDataException e)
        {
            throw Bad(path, "expected data compressed by gzip that is whole, got a damaged file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Bad(path, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>An error of a file.</summary>
    public static BadInputException Bad(string path, string problem, Exception? inner = null) => new($"{path}: {problem}", inner);

    // A job comes from elsewhere and must not make a node read whatever it likes.
    private static void CheckBelow(SettingsSection section, string key, string name)
    {
        if (name.Length == 0 || Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
            throw section.Error(key, $"expected {(key == "folders" ? "folders" : "a name")} below the data folder, got '{name}'");
    }

    private static bool IsGzip(FileStream file)
    {
        var isGzip = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return isGzip;
    }
}
