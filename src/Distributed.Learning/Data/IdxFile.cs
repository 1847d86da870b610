using System.Buffers.Binary;

namespace Distributed.Learning;

/// <summary>
/// Reads the IDX format of the MNIST family (described on Yann LeCun's page of the database): two zero bytes, the element type,
/// the number of dimensions, each dimension as a big-endian 32-bit number, then the elements. Only bytes (type 8) are read.
/// A file may be compressed by gzip; its first bytes say so, not its name. Nothing is believed: memory grows with what
/// was really read, never with what a header announces.
/// </summary>
internal static class IdxFile
{
    private const byte ByteElements = 0x08;
    private const int FirstReservation = 1 << 16;

    /// <summary>Reads the header only: the sizes of the dimensions.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dimensions">How many dimensions are expected.</param>
    /// <exception cref="BadInputException">The file cannot be read or is no such file.</exception>
    public static IReadOnlyList<int> ReadDimensions(string path, int dimensions) =>
        DataFile.Read(path, stream => Header(path, stream, dimensions));

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dimensions">How many dimensions are expected.</param>
    /// <exception cref="BadInputException">The file cannot be read, is no such file, or is not as long as its header says.</exception>
    public static IdxArray Read(string path, int dimensions) => DataFile.Read(path, stream =>
    {
        var sizes = Header(path, stream, dimensions);
        var elements = 1L;
        foreach (var size in sizes)
        {
            // Each factor is below 2^31 and so is the product so far: no overflow.
            elements *= size;
            if (elements > Array.MaxLength) throw Bad(path, $"expected at most {Array.MaxLength} elements, got {Shown(sizes)}");
        }
        var bytes = ReadUpTo(stream, (int)elements);
        if (bytes.Length < elements)
            throw Bad(path, $"truncated: expected {elements} elements ({Shown(sizes)}), got {bytes.Length}");
        if (stream.ReadByte() >= 0) throw Bad(path, $"expected {elements} elements ({Shown(sizes)}), got more");
        return new IdxArray(sizes, bytes);
    });

    private static int[] Header(string path, Stream stream, int dimensions)
    {
        Span<byte> header = stackalloc byte[4 + 4 * dimensions];
        var read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (read >= 4 && BinaryPrimitives.ReadInt32BigEndian(header) is var magic && magic != Magic(dimensions))
            throw Bad(
                path, $"expected an IDX file of bytes with {dimensions} dimensions (magic number {Magic(dimensions):x8}), got {magic:x8}");
        if (read < header.Length) throw Bad(path, $"truncated: expected an IDX header of {header.Length} bytes, got {read}");
        var sizes = new int[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            var size = BinaryPrimitives.ReadUInt32BigEndian(header[(4 + 4 * i)..]);
            if (size is 0 or > int.MaxValue) throw Bad(path, $"expected every dimension from 1 to {int.MaxValue}, got {size}");
            sizes[i] = (int)size;
        }
        return sizes;
    }

    private static int Magic(int dimensions) => ByteElements << 8 | dimensions;

    // Doubles as long as there is something to read: a header of 2 GB on an empty file costs 64 KB.
    private static byte[] ReadUpTo(Stream stream, int count)
    {
        var bytes = new byte[Math.Min(count, FirstReservation)];
        var filled = 0;
        while (true)
        {
            var read = stream.ReadAtLeast(bytes.AsSpan(filled), bytes.Length - filled, throwOnEndOfStream: false);
            filled += read;
            if (filled < bytes.Length) return bytes[..filled];
            if (filled == count) return bytes;
            Array.Resize(ref bytes, (int)Math.Min(count, 2L * bytes.Length));
        }
    }

    private static string Shown(IEnumerable<int> sizes) => string.Join(" x ", sizes);

    private static BadInputException Bad(string path, string problem) => DataFile.Bad(path, problem);
}
