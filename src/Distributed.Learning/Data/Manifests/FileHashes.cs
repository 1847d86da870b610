using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Distributed.Learning;

/// <summary>
/// Hashes files, and remembers the hashes of those whose length and time have not changed since, so that a node that starts again need not read
/// them. What is remembered of a data folder is one file below the decoded data of <see cref="DataCache"/>; without it all is read again.
/// </summary>
public sealed class FileHashes
{
    // A file that changes again within the resolution of its time would look unchanged.
    private static readonly TimeSpan TooNew = TimeSpan.FromSeconds(3);

    // Reading less takes no longer than looking it up.
    private const long LeastBytes = 1 << 20;
    private const int PieceBytes = 1 << 20;
    private const char Separator = '\t';
    private const string Subfolder = "hashes";

    private readonly string? folder;
    private readonly Action<long, long> progress;

    /// <param name="folder">Where hashes are remembered; null for nowhere.</param>
    /// <param name="progress">Hears how many bytes have been looked at, and of how many, after each piece and file.</param>
    public FileHashes(string? folder, Action<long, long> progress)
    {
        this.folder = folder;
        this.progress = progress;
    }

    /// <summary>Remembers them where the user's decoded data is kept.</summary>
    /// <param name="progress">As for the constructor.</param>
    public static FileHashes OfUser(Action<long, long> progress) => new(CacheFolder.OfUser(Environment.GetEnvironmentVariable)?.Path, progress);

    /// <summary>Names, lengths and hashes of files.</summary>
    /// <param name="dataFolder">The folder that the names begin at.</param>
    /// <param name="files">Paths of files below it.</param>
    /// <param name="cancellation">Ends it between two pieces of a file.</param>
    /// <exception cref="BadInputException">A file can't be read.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public IReadOnlyList<DataFileEntry> Of(string dataFolder, IReadOnlyList<string> files, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        var found = files.Distinct(StringComparer.Ordinal).Select(path => new FileInfo(path)).ToArray();
        try
        {
            var (all, done) = (found.Sum(file => file.Length), 0L);
            var remembers = all >= LeastBytes;
            var known = remembers ? Recall(dataFolder) : [];
            var entries = new List<DataFileEntry>(found.Length);
            var lines = new List<string>(found.Length);
            var news = false;
            foreach (var file in found)
            {
                var key = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Path.GetRelativePath(dataFolder, file.FullName).Replace(Path.DirectorySeparatorChar, '/')}{Separator}{file.Length}{Separator}{file.LastWriteTimeUtc.Ticks}");
                if (!known.TryGetValue(key, out var hash))
                {
                    var from = done;
                    hash = Read(file.FullName, bytes => progress(from + bytes, all), cancellation);
                    news = true;
                }

                done += file.Length;
                progress(done, all);
                entries.Add(new DataFileEntry(key[..key.IndexOf(Separator, StringComparison.Ordinal)], file.Length, hash));
                if (DateTime.UtcNow - file.LastWriteTimeUtc > TooNew)
                    lines.Add($"{key}{Separator}{hash}");
            }

            if (remembers && news)
                Remember(dataFolder, known, lines);
            return entries;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"the data files can't be read: {exception.Message}", exception);
        }
    }

    /// <summary>The hash of one file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Hears after each piece how many bytes have been read.</param>
    /// <param name="cancellation">Ends it between two pieces.</param>
    /// <returns>64 hexadecimal digits.</returns>
    public static string Read(string path, Action<long> read, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(read);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new byte[PieceBytes];
        for (var at = 0L; file.Read(piece) is > 0 and var count;)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(piece.AsSpan(0, count));
            read(at += count);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private string? FileOf(string dataFolder) => folder is null ? null
        : Path.Combine(folder, Subfolder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(dataFolder))))[..16]}.tsv");

    // By name, length and time.
    private Dictionary<string, string> Recall(string dataFolder)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            if (FileOf(dataFolder) is { } path && File.Exists(path))
                foreach (var line in File.ReadLines(path))
                    if (line.LastIndexOf(Separator) is > 0 and var end && line.Length - end - 1 == 2 * SHA256.HashSizeInBytes)
                        known[line[..end]] = line[(end + 1)..];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then all is read.
            known.Clear();
        }

        return known;
    }

    private void Remember(string dataFolder, Dictionary<string, string> known, List<string> lines)
    {
        if (FileOf(dataFolder) is not { } path)
            return;
        var unfinished = $"{path}-{Guid.NewGuid():N}";
        try
        {
            new CacheFolder(Path.GetDirectoryName(path)!).Create();
            // Other jobs read other files of the folder; those that are gone or changed are forgotten.
            var names = lines.Select(Name).ToHashSet(StringComparer.Ordinal);
            var others = known.Where(line => !names.Contains(Name(line.Key)) && File.Exists(Path.Combine(dataFolder, Name(line.Key))))
                .Select(line => $"{line.Key}{Separator}{line.Value}");
            File.WriteAllLines(unfinished, lines.Concat(others));
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then all is read the next time, too.
        }

        static string Name(string line) => line[..line.IndexOf(Separator, StringComparison.Ordinal)];
    }
}
