using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Where one parameter lies in the flat vector.</summary>
/// <param name="Name">The parameter's name in the module, such as <c>0.weight</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Offset">The float at which it starts; a multiple of <see cref="ParameterLayout.Alignment"/>.</param>
/// <param name="Count">Its number of floats.</param>
public sealed record ParameterEntry(string Name, IReadOnlyList<long> Shape, long Offset, long Count);

/// <summary>
/// The order and places of a model's parameters in one flat vector of float32. Every parameter starts at a 64-byte boundary; the gaps
/// and the end are padding that stays zero in weights and gradients.
/// </summary>
public sealed class ParameterLayout
{
    /// <summary>Floats to which every entry and the whole length are aligned: 64 bytes.</summary>
    public const int Alignment = 16;

    private ParameterLayout(IReadOnlyList<ParameterEntry> entries, long length)
    {
        Entries = entries;
        Length = length;
        ParameterCount = entries.Sum(e => e.Count);
        Hash = HashOf(entries);
    }

    /// <summary>The parameters in order of definition, at ascending offsets.</summary>
    public IReadOnlyList<ParameterEntry> Entries { get; }

    /// <summary>Floats of the flat vector with its padding; a multiple of <see cref="Alignment"/>.</summary>
    public long Length { get; }

    /// <summary>Floats of all parameters without padding.</summary>
    public long ParameterCount { get; }

    /// <summary>SHA-256 over names, shapes and offsets: two nodes with equal hashes mean the same by a flat vector.</summary>
    public byte[] Hash { get; }

    /// <summary>The layout of a module's parameters.</summary>
    /// <param name="module">A built module; all its parameters are float32.</param>
    /// <exception cref="ArgumentException">A parameter is not float32, or there is none.</exception>
    public static ParameterLayout Of(nn.Module<Tensor, Tensor> module)
    {
        var entries = new List<ParameterEntry>();
        var end = 0L;
        foreach (var (name, parameter) in module.named_parameters())
        {
            if (parameter.dtype != ScalarType.Float32)
                throw new ArgumentException($"parameter {name} is {parameter.dtype}, expected Float32", nameof(module));
            var count = parameter.numel();
            entries.Add(new ParameterEntry(name, parameter.shape, end, count));
            end = (end + count + Alignment - 1) / Alignment * Alignment;
        }
        return entries.Count > 0 ? new ParameterLayout(entries, end) : throw new ArgumentException("no parameters", nameof(module));
    }

    private static byte[] HashOf(IReadOnlyList<ParameterEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(entries.Count);
        foreach (var entry in entries)
        {
            var name = Encoding.UTF8.GetBytes(entry.Name);
            Append(name.Length);
            hash.AppendData(name);
            Append(entry.Shape.Count);
            foreach (var size in entry.Shape) Append(size);
            Append(entry.Offset);
        }
        return hash.GetHashAndReset();

        void Append(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}
