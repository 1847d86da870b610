using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A training and a test set in one file that is read by mapping it: a head of 32 bytes (magic number, layout, checksum, length of the file,
/// length of the description), a description in JSON, and the tensors as they lie in memory, each at a multiple of 64 bytes.
/// </summary>
internal static class CacheFile
{
    // "TRNRDATA" and the layout, which changes with this class.
    private const ulong Magic = 0x4154_4144_524E_5254;
    private const uint Layout = 1;
    private const int HeadBytes = 32;
    private const int Alignment = 64;
    private const int MostAtOnce = 1 << 27;

    private sealed record Description(string Key, IReadOnlyList<CachedSet> Sets, IReadOnlyList<Words> Vocabularies);

    private sealed record Words(IReadOnlyList<string> Entries, string Separator);

    /// <summary>How long the tensors of some sets are in bytes: nearly all of their file.</summary>
    public static long BytesOf(params IReadOnlyList<ICacheable> sets) =>
        sets.SelectMany(set => set.Tensors).Sum(tensor => Padded(tensor.NumberOfElements * tensor.ElementSize));

    /// <summary>Writes a file that must not be there yet.</summary>
    /// <exception cref="IOException">It is there, or the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, string key, ICacheable training, ICacheable test)
    {
        var description = JsonSerializer.SerializeToUtf8Bytes(Describe(key, [training, test]));
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            // A disk that is too full says so at once.
            PreallocationSize = HeadBytes + description.Length + BytesOf(training, test),
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(new byte[HeadBytes]);
        var checksum = WritePadded(file, description, Checksum.Start);
        foreach (var tensor in training.Tensors.Concat(test.Tensors)) checksum = WriteTensor(file, tensor, checksum);

        var head = new byte[HeadBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(head, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(8), Layout);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), checksum);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(16), file.Position);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(24), description.Length);
        file.Position = 0;
        file.Write(head);
    }

    /// <summary>Maps a file and makes its sets, whose tensors are the mapping.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">What must be in it.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged; the message says how.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static (IDataSet Training, IDataSet Test) Open(string path, string key)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        if (RandomAccess.GetLength(handle) < HeadBytes) throw new InvalidDataException("it is too short");
        var mapped = new MappedFile(handle, users: 2);
        try
        {
            return Restore(mapped, key);
        }
        catch
        {
            mapped.Release();
            mapped.Release();
            throw;
        }
    }

    private static (IDataSet Training, IDataSet Test) Restore(MappedFile mapped, string key)
    {
        var head = mapped.Span(0, HeadBytes);
        if (BinaryPrimitives.ReadUInt64LittleEndian(head) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(head[8..]) != Layout)
            throw new InvalidDataException("it does not begin as it should");
        var length = BinaryPrimitives.ReadInt64LittleEndian(head[16..]);
        if (length != mapped.Bytes) throw new InvalidDataException($"expected {length} bytes, got {mapped.Bytes}");
        var checksum = Checksum.Start;
        for (long at = HeadBytes; at < length; at += MostAtOnce)
            checksum = Checksum.Add(checksum, mapped.Span(at, (int)Math.Min(MostAtOnce, length - at)));
        if (checksum != BinaryPrimitives.ReadUInt32LittleEndian(head[12..])) throw new InvalidDataException("its checksum is wrong");

        var described = BinaryPrimitives.ReadInt32LittleEndian(head[24..]);
        var description = Parse(mapped, described);
        if (description.Key != key) throw new InvalidDataException("it holds other data");
        var start = HeadBytes + Padded(described, HeadBytes);
        Vocabulary[] vocabularies = [.. description.Vocabularies.Select(words => new Vocabulary(words.Entries, words.Separator))];
        var training = Make(description.Sets[0]);
        try
        {
            return (training, Make(description.Sets[1]));
        }
        catch
        {
            training.Dispose();
            throw;
        }

        IDataSet Make(CachedSet set) => set.Restore([.. set.Tensors.Select(tensor => Wrap(mapped, start, tensor))], vocabularies, mapped.Release);
    }

    private static Description Parse(MappedFile mapped, int bytes)
    {
        if (bytes <= 0 || bytes > mapped.Bytes - HeadBytes) throw new InvalidDataException("its description is too long");
        try
        {
            return JsonSerializer.Deserialize<Description>(mapped.Span(HeadBytes, bytes)) is { Sets.Count: 2 } description
                ? description : throw new InvalidDataException("its description is incomplete");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"its description can't be read: {exception.Message}", exception);
        }
    }

    private static unsafe Tensor Wrap(MappedFile mapped, long start, CachedTensor tensor)
    {
        if (tensor.Offset < 0 || tensor.Offset % Alignment != 0 || tensor.Bytes > mapped.Bytes - start - tensor.Offset)
            throw new InvalidDataException("a tensor lies outside of it");
        using var flat = FlatTensor.Wrap((nint)(mapped.Pointer + start + tensor.Offset), tensor.Elements, tensor.Type);
        return flat.view([.. tensor.Shape]).DetachFromDisposeScope();
    }

    private static Description Describe(string key, IReadOnlyList<ICacheable> sets)
    {
        var vocabularies = sets.Select(set => set.Notes.Vocabulary).OfType<Vocabulary>().Distinct().ToList();
        var described = new List<CachedSet>();
        var offset = 0L;
        foreach (var set in sets)
        {
            var tensors = new List<CachedTensor>();
            foreach (var tensor in set.Tensors)
            {
                tensors.Add(new CachedTensor(tensor.dtype, tensor.shape, offset));
                offset += Padded(tensor.NumberOfElements * tensor.ElementSize);
            }
            described.Add(set.Describe() with
            {
                Tensors = tensors,
                Vocabulary = set.Notes.Vocabulary is { } vocabulary ? vocabularies.IndexOf(vocabulary) : -1,
            });
        }
        return new Description(
            key, described, [.. vocabularies.Select(words => new Words([.. Enumerable.Range(0, words.Count).Select(i => words[i])], words.Separator))]);
    }

    private static uint WriteTensor(FileStream file, Tensor tensor, uint checksum)
    {
        using var whole = tensor.contiguous();
        using var flat = whole.view(-1);
        for (var at = 0L; at < flat.NumberOfElements; at += MostAtOnce)
        {
            using var part = flat.narrow(0, at, Math.Min(MostAtOnce, flat.NumberOfElements - at));
            checksum = WritePadded(file, part.bytes, checksum);
        }
        return checksum;
    }

    // Up to the next multiple of 64 bytes of the file, which only the last part of something falls short of.
    private static uint WritePadded(FileStream file, ReadOnlySpan<byte> bytes, uint checksum)
    {
        var whole = bytes.Length & ~7;
        checksum = Checksum.Add(checksum, bytes[..whole]);
        file.Write(bytes);
        var padding = (int)(Padded(file.Position) - file.Position);
        if (padding == 0) return checksum;
        Span<byte> rest = stackalloc byte[bytes.Length - whole + padding];
        rest.Clear();
        bytes[whole..].CopyTo(rest);
        file.Write(rest[(bytes.Length - whole)..]);
        return Checksum.Add(checksum, rest);
    }

    private static long Padded(long bytes, long before = 0) => (before + bytes + Alignment - 1) / Alignment * Alignment - before;
}
