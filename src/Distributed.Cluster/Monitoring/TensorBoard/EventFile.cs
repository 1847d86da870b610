using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Distributed.Cluster.Monitoring.Logs;
using Google.Protobuf;
using Tensorboard;

namespace Distributed.Cluster.Monitoring.TensorBoard;

/// <summary>
/// A file of TensorBoard's events: records of a length (8 bytes, little-endian), its checksum, an <see cref="Event"/> in protobuf's
/// encoding, and its checksum. Not thread-safe.
/// </summary>
internal sealed class EventFile : IDisposable
{
    /// <summary>TensorBoard takes a file for its own by this part of the name.</summary>
    public const string NamePart = "tfevents";

    private readonly AppendedFile stream;

    /// <summary>Opens a new file in <paramref name="folder"/> and names the format's version in it.</summary>
    public EventFile(string folder)
    {
        var now = DateTimeOffset.UtcNow;
        // Files are read in the order of their names: that of a run that is resumed comes after the ones before.
        Path = System.IO.Path.Combine(folder, $"events.out.{NamePart}.{now.ToUnixTimeMilliseconds():D13}");
        stream = new AppendedFile(Path, anew: true);
        Write(new Event { FileVersion = "brain.Event:2" });
    }

    public string Path { get; }

    /// <summary>Appends an event under the present time.</summary>
    public void Write(Event entry)
    {
        entry.WallTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        var data = entry.ToByteArray();
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)data.Length);
        stream.Write(length);
        WriteChecksum(length);
        stream.Write(data);
        WriteChecksum(data);
    }

    /// <summary>Makes what was written visible to readers.</summary>
    public void Flush() => stream.Flush();

    public void Dispose() => stream.Dispose();

    /// <summary>The format's checksum: CRC-32C, rotated and shifted by a constant so that a record may hold checksums itself.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(data))
            crc = BitOperations.Crc32C(crc, word);
        foreach (var rest in data[(data.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, rest);
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xa282ead8;
    }

    private void WriteChecksum(ReadOnlySpan<byte> data)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Checksum(data));
        stream.Write(bytes);
    }
}
