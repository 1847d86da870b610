using System.Buffers.Binary;

namespace Distributed.Learning;

/// <summary>A tensor as the header of a safetensors file describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type, such as <c>F32</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Begin">Offset of its first byte in the data.</param>
/// <param name="End">Offset after its last byte.</param>
public sealed record SafetensorsEntry(string Name, string Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Checks that the tensor is float32 and of a shape.</summary>
    /// <param name="file">The file's name, for the message.</param>
    /// <param name="shape">The shape that is needed.</param>
    /// <exception cref="BadInputException">It is not.</exception>
    public void Require(string file, IReadOnlyList<long> shape)
    {
        if (Type != Safetensors.Float32) throw new BadInputException($"{file}: tensor {Name}: expected the type F32, got {Type}");
        if (!Shape.SequenceEqual(shape))
            throw new BadInputException($"{file}: tensor {Name}: expected the shape {ModelSpec.Shape(shape)}, got {ModelSpec.Shape(Shape)}");
    }
}

/// <summary>
/// Reads one safetensors stream from front to end. Nothing that the file says is trusted: header and lengths are bounded and checked
/// before memory is taken, and every fault is a <see cref="BadInputException"/> that names the file.
/// </summary>
public sealed class SafetensorsReader
{
    // The bound of the format's reference implementation.
    private const long MostHeaderBytes = 100_000_000;
    private const int ReadBytes = 1 << 20;

    private readonly Stream stream;
    private readonly string name;

    private SafetensorsReader(Stream stream, string name, SafetensorsHeader header)
    {
        this.stream = stream;
        this.name = name;
        Entries = header.Entries;
        Metadata = header.Metadata;
    }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The free texts of the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads and checks the header.</summary>
    /// <param name="stream">The stream at the start of the format; a stream that can seek must hold all the data that the header tells of.</param>
    /// <param name="name">What the stream is, for messages.</param>
    /// <exception cref="BadInputException">It is no safetensors stream, or it is cut.</exception>
    public static SafetensorsReader Open(Stream stream, string name)
    {
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        if (stream.ReadAtLeast(prefix, prefix.Length, false) < prefix.Length)
            throw new BadInputException($"{name}: expected a safetensors file, got fewer than 8 bytes");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length is < 2 or > MostHeaderBytes)
            throw new BadInputException($"{name}: expected a safetensors header of 2 to {MostHeaderBytes} bytes, got a length of {length}");
        var header = SafetensorsHeader.Parse(name, ReadHeader(stream, name, (int)length));
        if (stream.CanSeek && stream.Length - stream.Position is var rest && rest < header.DataBytes)
            throw new BadInputException($"{name}: the file is cut: expected {header.DataBytes} bytes of data, got {rest}");
        return new SafetensorsReader(stream, name, header);
    }

    /// <summary>Reads the data of all tensors in their order; call it once.</summary>
    /// <param name="destination">
    /// Gives the address that takes a tensor's bytes (<c>End − Begin</c> of them), or <see cref="IntPtr.Zero"/> to skip the tensor.
    /// </param>
    /// <exception cref="BadInputException">The stream ends early.</exception>
    public void ReadAll(Func<SafetensorsEntry, IntPtr> destination)
    {
        foreach (var entry in Entries)
        {
            var bytes = entry.End - entry.Begin;
            var memory = destination(entry);
            var read = memory == IntPtr.Zero ? Skip(bytes) : NativeBytes.Fill(stream, memory, bytes);
            if (read < bytes) throw new BadInputException($"{name}: the file is cut: expected {bytes} bytes of tensor {entry.Name}, got {read}");
        }
    }

    // Grows with what really comes, so that a false length takes no memory.
    private static byte[] ReadHeader(Stream stream, string name, int length)
    {
        var header = new byte[Math.Min(length, ReadBytes)];
        var read = 0;
        while (true)
        {
            read += stream.ReadAtLeast(header.AsSpan(read), header.Length - read, false);
            if (read < header.Length) throw new BadInputException($"{name}: the file is cut: expected a header of {length} bytes, got {read}");
            if (read == length) return header;
            Array.Resize(ref header, (int)Math.Min(length, 2L * header.Length));
        }
    }

    private long Skip(long bytes)
    {
        var scratch = new byte[Math.Min(bytes, ReadBytes)];
        var done = 0L;
        while (done < bytes)
        {
            var read = stream.Read(scratch, 0, (int)Math.Min(scratch.Length, bytes - done));
            if (read == 0) break;
            done += read;
        }
        return done;
    }
}
