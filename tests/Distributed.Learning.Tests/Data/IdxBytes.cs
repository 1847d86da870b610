using System.Buffers.Binary;
using System.IO.Compression;

namespace Distributed.Learning.Tests;

/// <summary>Makes the content of IDX files, good and bad.</summary>
internal static class IdxBytes
{
    public static byte[] Of(byte[] elements, params uint[] sizes)
    {
        var header = new byte[4 + 4 * sizes.Length];
        header[2] = 0x08;
        header[3] = (byte)sizes.Length;
        for (var i = 0; i < sizes.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4 + 4 * i), sizes[i]);
        return [.. header, .. elements];
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest)) gzip.Write(bytes);
        return memory.ToArray();
    }

    /// <summary>Writes a whole small set: images of 2 × 3 pixels whose bytes count up, and labels 0, 1, 2, 0, 1, 2, …</summary>
    public static void WriteSet(TemporaryFolder folder, string name, int training = 6, int test = 3)
    {
        foreach (var (part, count) in (ReadOnlySpan<(string, int)>)[("train", training), ("t10k", test)])
        {
            byte[] pixels = [.. Enumerable.Range(0, count * 6).Select(i => (byte)i)];
            folder.Write($"{name}/{part}-images-idx3-ubyte", Of(pixels, (uint)count, 2, 3));
            folder.Write($"{name}/{part}-labels-idx1-ubyte", Of([.. Enumerable.Range(0, count).Select(i => (byte)(i % 3))], (uint)count));
        }
    }
}
