using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Distributed.Learning;

/// <summary>
/// The name of decoded data: a hash of everything that it follows from. Two sets of data with the same key are the same; nothing is
/// believed that can lie, such as the time of a file.
/// </summary>
internal static class CacheKey
{
    /// <summary>Computes a key; reads every file once.</summary>
    /// <param name="settings">The section <c>data</c> without what does not change what is decoded.</param>
    /// <param name="dataFolder">Where the files lie; part of the key, because notes on skipped rows name files.</param>
    /// <param name="files">The files, in the order in which they are decoded.</param>
    /// <returns>64 hexadecimal digits.</returns>
    /// <exception cref="IOException">A file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static string Of(string settings, string dataFolder, IReadOnlyList<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // The decoders: every change of this library's code changes it, so no decoder's change can be forgotten.
        hash.AppendData(typeof(CacheKey).Module.ModuleVersionId.ToByteArray());
        Append(settings);
        Append(dataFolder);
        Span<byte> content = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var file in files)
        {
            Append(Path.GetRelativePath(dataFolder, file));
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
            SHA256.HashData(stream, content);
            hash.AppendData(content);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        // With its length, so that no two lists of texts look the same.
        void Append(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
    }
}
