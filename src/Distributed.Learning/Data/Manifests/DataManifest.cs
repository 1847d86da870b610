using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Distributed.Learning;

/// <summary>One file that a job's data follows from.</summary>
/// <param name="Name">Its path below the data folder, with slashes.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">64 hexadecimal digits.</param>
public sealed record DataFileEntry(string Name, long Bytes, string Sha256);

/// <summary>
/// The files that a job's data follows from, in the order of their names. Two nodes with the same <see cref="Digest"/> have the same data.
/// </summary>
public sealed class DataManifest
{
    /// <summary>Longer names are refused.</summary>
    public const int LongestName = 512;

    private const int HashDigits = 64;
    private const int DigitsShown = 12;

    /// <summary>A manifest of entries in any order.</summary>
    /// <exception cref="BadInputException">A name leads out of the data folder or comes twice, or a length or hash is none.</exception>
    public DataManifest(IEnumerable<DataFileEntry> entries)
    {
        Entries = [.. entries.OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        for (var i = 0; i < Entries.Count; i++)
        {
            Check(Entries[i]);
            if (i > 0 && Entries[i - 1].Name == Entries[i].Name)
                throw new BadInputException($"the list of data files has '{Entries[i].Name}' twice");
        }

        Bytes = Entries.Sum(entry => entry.Bytes);
        Digest = DigestOf(Entries);
    }

    /// <summary>The files.</summary>
    public IReadOnlyList<DataFileEntry> Entries { get; }

    /// <summary>All of their bytes.</summary>
    public long Bytes { get; }

    /// <summary>A hash of all names, lengths and contents: 64 hexadecimal digits.</summary>
    public string Digest { get; }

    /// <summary>Hashes the files that a job's data follows from on this machine.</summary>
    /// <param name="data">The job's data.</param>
    /// <param name="dataFolder">Where data lies on this machine.</param>
    /// <param name="hashes">Hashes files.</param>
    /// <param name="cancellation">Ends it between two pieces of a file.</param>
    /// <returns>Without entries where the program makes the data itself.</returns>
    /// <exception cref="BadInputException">A file is missing, or can't be read.</exception>
    public static DataManifest Read(DataSpec data, string dataFolder, FileHashes hashes, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(hashes);
        return new DataManifest(hashes.Of(dataFolder, data.Files(dataFolder), cancellation));
    }

    /// <summary>What tells another node's files from these, as the end of a sentence that begins with that node's name; null where nothing does.</summary>
    /// <param name="other">The other node's files.</param>
    /// <param name="holder">Who has these.</param>
    public string? Difference(DataManifest other, string holder)
    {
        ArgumentNullException.ThrowIfNull(other);
        var theirs = other.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        foreach (var entry in Entries)
        {
            if (!theirs.Remove(entry.Name, out var their))
                return $"has no {entry.Name}, which {holder} has";
            if (their != entry)
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"has another {entry.Name} than {holder}: {their.Bytes} bytes of SHA-256 {their.Sha256[..DigitsShown]}…, there {entry.Bytes} bytes of {entry.Sha256[..DigitsShown]}…");
        }

        return theirs.Count == 0 ? null : $"has {theirs.Keys.Min(StringComparer.Ordinal)}, which {holder} has not";
    }

    private static void Check(DataFileEntry entry)
    {
        if (!IsBelow(entry.Name))
            throw new BadInputException($"expected a file below the data folder, got '{(entry.Name.Length > LongestName ? entry.Name[..LongestName] : entry.Name)}'");
        if (entry.Bytes < 0 || entry.Sha256.Length != HashDigits || !entry.Sha256.All(char.IsAsciiHexDigitLower))
            throw new BadInputException($"expected the length and SHA-256 of {entry.Name}, got {entry.Bytes} and '{entry.Sha256}'");
    }

    // It may come from another machine, and files are written by it. A backslash separates names on some systems.
    private static bool IsBelow(string name) =>
        name.Length is > 0 and <= LongestName && !Path.IsPathRooted(name) && !name.Contains('\\', StringComparison.Ordinal)
        && !name.Contains(':', StringComparison.Ordinal) && !name.Any(char.IsControl)
        && name.Split('/').All(part => part.Length > 0 && part is not ("." or ".."));

    private static string DigestOf(IReadOnlyList<DataFileEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var entry in entries)
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{entry.Sha256} {entry.Bytes} {entry.Name}\n")));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
