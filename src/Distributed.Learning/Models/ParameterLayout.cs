using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Where one parameter or running statistic lies in the flat vector.</summary>
/// <param name="Name">Its name in the module, such as <c>0.weight</c> or <c>1.running_mean</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Offset">The float at which it starts; a multiple of <see cref="ParameterLayout.Alignment"/>.</param>
/// <param name="Count">Its number of floats.</param>
/// <param name="Momentum">How far a step takes a running statistic towards the batch's; null for a parameter, which an optimizer trains.</param>
public sealed record ParameterEntry(string Name, IReadOnlyList<long> Shape, long Offset, long Count, double? Momentum = null);

/// <summary>
/// The order and places of a model's parameters in one flat vector, and behind them of the running statistics of its batch norms. Every entry starts at a 64-byte boundary; the gaps and the end are padding that stays zero in weights and gradients.
/// </summary>
public sealed class ParameterLayout
{
    /// <summary>Floats to which every entry and the whole length are aligned: 64 bytes.</summary>
    public const int Alignment = 16;

    private ParameterLayout(IReadOnlyList<ParameterEntry> entries, long length, Precision precision)
    {
        Precision = precision;
        Entries = entries;
        Parameters = [.. entries.Where(e => e.Momentum is null)];
        Length = length;
        TrainableLength = entries.FirstOrDefault(e => e.Momentum is not null)?.Offset ?? length;
        ParameterCount = Parameters.Sum(e => e.Count);
        Hash = HashOf(entries, precision);
    }

    /// <summary>The parameters in order of definition, then the running statistics in theirs, at ascending offsets.</summary>
    public IReadOnlyList<ParameterEntry> Entries { get; }

    /// <summary>Those of the entries that an optimizer trains; they come first.</summary>
    public IReadOnlyList<ParameterEntry> Parameters { get; }

    /// <summary>Floats of the flat vector with its padding; a multiple of <see cref="Alignment"/>.</summary>
    public long Length { get; }

    /// <summary>Floats from the start that are parameters and their padding; what follows are running statistics.</summary>
    public long TrainableLength { get; }

    /// <summary>Floats of all parameters, without padding and running statistics.</summary>
    public long ParameterCount { get; }

    /// <summary>The precision of the vectors that workers have; the servers' weights are float32.</summary>
    public Precision Precision { get; }

    /// <summary>How those vectors lie in memory.</summary>
    public FlatFormat Format => new(Precision, TrainableLength);

    /// <summary>SHA-256 over names, shapes, offsets, momenta and precision: two nodes with equal hashes mean the same by a flat vector.</summary>
    public byte[] Hash { get; }

    /// <summary>The layout of a module's parameters and running statistics.</summary>
    /// <param name="module">A built module; all its parameters are float32.</param>
    /// <param name="precision">The precision in which workers are to have it.</param>
    /// <exception cref="ArgumentException">A parameter is not float32, or there is none.</exception>
    public static ParameterLayout Of(nn.Module<Tensor, Tensor> module, Precision precision = Precision.Float32)
    {
        var entries = new List<ParameterEntry>();
        var end = 0L;
        foreach (var (name, parameter) in module.named_parameters()) Add(name, parameter, null);
        if (entries.Count == 0) throw new ArgumentException("no parameters", nameof(module));
        foreach (var (name, statistic, momentum) in RunningStatistics.Of(module)) Add(name, statistic, momentum);
        return new ParameterLayout(entries, end, precision);

        void Add(string name, Tensor tensor, double? momentum)
        {
            if (tensor.dtype != ScalarType.Float32) throw new ArgumentException($"{name} is {tensor.dtype}, expected Float32", nameof(module));
            var count = tensor.numel();
            entries.Add(new ParameterEntry(name, tensor.shape, end, count, momentum));
            end = (end + count + Alignment - 1) / Alignment * Alignment;
        }
    }

    /// <summary>
    /// Whether a module, in whatever precision it is by now, has this layout's parameters and running statistics: the same names and shapes in the
    /// same order.
    /// </summary>
    public bool Fits(nn.Module<Tensor, Tensor> module)
    {
        var tensors = module.named_parameters().Select(named => (named.name, named.parameter.shape))
            .Concat(RunningStatistics.Of(module).Select(statistic => (statistic.Name, statistic.Value.shape))).ToArray();
        return tensors.Length == Entries.Count
            && tensors.Zip(Entries).All(pair => pair.First.Item1 == pair.Second.Name && pair.First.shape.AsSpan().SequenceEqual([.. pair.Second.Shape]));
    }

    /// <summary>The tensors of a module in the order of its layout's entries.</summary>
    internal static Tensor[] TensorsOf(nn.Module<Tensor, Tensor> module) =>
        [.. module.parameters(), .. RunningStatistics.Of(module).Select(statistic => statistic.Value)];

    private static byte[] HashOf(IReadOnlyList<ParameterEntry> entries, Precision precision)
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
            Append(BitConverter.DoubleToInt64Bits(entry.Momentum ?? -1));
        }
        if (precision != Precision.Float32) Append((long)precision);
        return hash.GetHashAndReset();

        void Append(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}
