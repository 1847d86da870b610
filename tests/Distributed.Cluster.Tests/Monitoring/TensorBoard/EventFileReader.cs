using System.Buffers.Binary;
using System.Text;

namespace Distributed.Cluster.Tests.Monitoring.TensorBoard;

/// <summary>
/// Reads event files by the description of their format, with nothing of the program's or of a protobuf library's: records with
/// masked CRC-32C, and in them the fields wall_time (1), step (2), file_version (3) and summary (5) with values of tag (1) and
/// simple_value (2), image (4: height 1, width 2, encoded_image_string 4) or histo (5: min 1, max 2, num 3, sum 4, sum_squares 5 and, packed,
/// bucket_limit 6 and bucket 7).
/// </summary>
internal static class EventFileReader
{
    internal sealed record Entry(double WallTime, long Step, string? FileVersion, IReadOnlyDictionary<string, float> Scalars)
    {
        public Dictionary<string, Histogram> Histograms { get; } = [];

        public Dictionary<string, (int Width, int Height, byte[] Picture)> Images { get; } = [];
    }

    internal sealed record Histogram(double Min, double Max, double Count, double Sum, double Squares, double[] Limits, double[] Buckets);

    public static IReadOnlyList<Entry> Read(string file)
    {
        var entries = new List<Entry>();
        ReadOnlySpan<byte> rest = File.ReadAllBytes(file);
        while (rest.Length > 0)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            Assert.Equal(Masked(rest[..8]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            var data = rest.Slice(12, length);
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]));
            entries.Add(EntryOf(data));
            rest = rest[(16 + length)..];
        }

        return entries;
    }

    /// <summary>CRC-32C bit by bit, from its polynomial, then masked.</summary>
    public static uint Masked(ReadOnlySpan<byte> data)
    {
        var crc = 0xffffffffu;
        foreach (var octet in data)
        {
            crc ^= octet;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78 : crc >> 1;
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
    }

    private static Entry EntryOf(ReadOnlySpan<byte> data)
    {
        var (time, step, version) = (0.0, 0L, (string?)null);
        var scalars = new Dictionary<string, float>();
        var entry = new Entry(0, 0, null, scalars);
        foreach (var (field, number, bytes) in Fields(data))
        {
            if (field == 1)
                time = BitConverter.UInt64BitsToDouble(number);
            else if (field == 2)
                step = (long)number;
            else if (field == 3)
                version = Encoding.UTF8.GetString(bytes);
            else if (field == 5)
                foreach (var (inner, _, value) in Fields(bytes))
                    AddValue(entry, scalars, inner, value);
        }

        return entry with { WallTime = time, Step = step, FileVersion = version };
    }

    private static void AddValue(Entry entry, Dictionary<string, float> scalars, int field, byte[] value)
    {
        Assert.Equal(1, field);
        var fields = Fields(value);
        var tag = Encoding.UTF8.GetString(fields.Single(part => part.Field == 1).Bytes);
        if (fields.SingleOrDefault(part => part.Field == 4).Bytes is { } image)
        {
            var parts = Fields(image).ToDictionary(part => part.Field);
            entry.Images.Add(tag, ((int)parts[2].Number, (int)parts[1].Number, parts[4].Bytes));
        }
        else if (fields.SingleOrDefault(part => part.Field == 5).Bytes is { } histogram)
        {
            var parts = Fields(histogram).ToDictionary(part => part.Field);
            double Number(int number) => parts.TryGetValue(number, out var part) ? BitConverter.UInt64BitsToDouble(part.Number) : 0;
            entry.Histograms.Add(tag, new Histogram(Number(1), Number(2), Number(3), Number(4), Number(5), Packed(parts[6].Bytes), Packed(parts[7].Bytes)));
        }
        else
        {
            scalars.Add(tag, BitConverter.UInt32BitsToSingle((uint)fields.SingleOrDefault(part => part.Field == 2).Number));
        }
    }

    private static double[] Packed(byte[] bytes) => [.. bytes.Chunk(8).Select(number => BitConverter.ToDouble(number))];

    /// <summary>Protobuf's fields: a key (number · 8 + kind), then a varint, 8 bytes, a length and bytes, or 4 bytes.</summary>
    private static List<(int Field, ulong Number, byte[] Bytes)> Fields(ReadOnlySpan<byte> data)
    {
        var fields = new List<(int, ulong, byte[])>();
        while (data.Length > 0)
        {
            var key = Varint(ref data);
            var (number, bytes) = (0ul, Array.Empty<byte>());
            switch (key & 7)
            {
                case 0:
                    number = Varint(ref data);
                    break;
                case 1:
                    number = BinaryPrimitives.ReadUInt64LittleEndian(data);
                    data = data[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref data);
                    bytes = data[..length].ToArray();
                    data = data[length..];
                    break;
                case 5:
                    number = BinaryPrimitives.ReadUInt32LittleEndian(data);
                    data = data[4..];
                    break;
                default:
                    Assert.Fail($"a field of kind {key & 7}");
                    break;
            }

            fields.Add(((int)(key >> 3), number, bytes));
        }

        return fields;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> data)
    {
        var value = 0ul;
        for (var shift = 0; ; shift += 7)
        {
            var octet = data[0];
            data = data[1..];
            value |= (ulong)(octet & 0x7f) << shift;
            if (octet < 0x80)
                return value;
        }
    }
}
