using System.Buffers.Binary;
using System.Text.Json;

namespace Distributed.Learning;

/// <summary>A named float32 tensor in memory, contiguous in row-major order.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Data">Address of the first float.</param>
public readonly record struct FloatTensor(string Name, IReadOnlyList<long> Shape, IntPtr Data);

/// <summary>
/// Writes safetensors files, which Python's <c>safetensors</c> and many tools read: 8 bytes of header length (little-endian), a JSON
/// header with type, shape and place of every tensor, padded with spaces to a multiple of 8 bytes, and the raw little-endian data.
/// </summary>
public static class Safetensors
{
    internal const string MetadataKey = "__metadata__";
    internal const string Float32 = "F32";

    /// <summary>Writes to a stream, straight from the tensors' memory.</summary>
    /// <param name="stream">Where to; stays open.</param>
    /// <param name="tensors">The tensors in the order in which their data is written; names are unique.</param>
    /// <param name="metadata">Free texts for the header, or null.</param>
    /// <exception cref="ArgumentException">A name is used twice or reserved.</exception>
    public static void Write(Stream stream, IReadOnlyList<FloatTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var header = Header(tensors, metadata);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in tensors) NativeBytes.ForEachChunk(tensor.Data, Bytes(tensor.Shape), stream.Write);
    }

    /// <summary>Writes a file that is whole or absent: under another name first, flushed to the disk, then renamed.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="tensors">As for a stream.</param>
    /// <param name="metadata">As for a stream.</param>
    public static void Write(string path, IReadOnlyList<FloatTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var partial = path + ".partial";
        using (var stream = File.Create(partial))
        {
            Write(stream, tensors, metadata);
            stream.Flush(true);
        }
        File.Move(partial, path, true);
    }

    private static byte[] Header(IReadOnlyList<FloatTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            var names = new HashSet<string> { MetadataKey };
            var end = 0L;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name)) throw new ArgumentException($"the name {tensor.Name} is taken", nameof(tensors));
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", Float32);
                Numbers("shape", tensor.Shape);
                Numbers("data_offsets", [end, end += Bytes(tensor.Shape)]);
                json.WriteEndObject();
            }
            json.WriteEndObject();

            void Numbers(string key, IEnumerable<long> values)
            {
                json.WriteStartArray(key);
                foreach (var value in values) json.WriteNumberValue(value);
                json.WriteEndArray();
            }
        }
        while (memory.Length % 8 != 0) memory.WriteByte((byte)' ');
        return memory.ToArray();
    }

    private static long Bytes(IReadOnlyList<long> shape) => shape.Aggregate((long)sizeof(float), (product, size) => checked(product * size));
}
