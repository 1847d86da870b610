using System.Formats.Tar;
using System.IO.Compression;

namespace Distributed.Cli.Downloads;

/// <summary>Takes named files out of an archive (<c>.tar.gz</c>), and nothing else.</summary>
internal static class Archive
{
    /// <summary>Unpacks files into a folder, whatever folder they have in the archive.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="folder">Where they go.</param>
    /// <param name="wanted">The files' names with their size in bytes.</param>
    /// <exception cref="IOException">A file is not in the archive or has another size, or the archive is damaged.</exception>
    public static void Unpack(string archive, string folder, IReadOnlyDictionary<string, long> wanted)
    {
        var missing = wanted.Keys.ToHashSet(StringComparer.Ordinal);
        try
        {
            using var file = File.OpenRead(archive);
            using var content = new GZipStream(file, CompressionMode.Decompress);
            using var tar = new TarReader(content);
            while (missing.Count > 0 && tar.GetNextEntry() is { } entry)
            {
                // The name's last part only: an archive must not choose where on this machine it writes.
                var name = entry.Name[(entry.Name.LastIndexOf('/') + 1)..];
                if (entry.DataStream is null || !missing.Contains(name)) continue;
                if (entry.Length != wanted[name])
                    throw new IOException($"{archive}: {name}: expected {wanted[name]} bytes, got {entry.Length}");
                var path = Path.Combine(folder, name);
                entry.ExtractToFile(path + ".part", overwrite: true);
                File.Move(path + ".part", path, overwrite: true);
                missing.Remove(name);
            }
        }
        catch (InvalidDataException exception)
        {
            throw new IOException($"{archive}: expected a whole .tar.gz archive: {exception.Message}", exception);
        }
        if (missing.Count > 0) throw new IOException($"{archive}: expected {string.Join(", ", missing.Order())} in it, got none");
    }
}
