using System.Globalization;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>The state of a shard's optimizer: its moments as flat tensors, and how they are written and read as a safetensors stream.</summary>
internal sealed class OptimizerState : IDisposable
{
    private const string Kind = "shard-optimizer";

    private readonly string type;
    private readonly long floats;
    private readonly IReadOnlyList<string> names;

    public OptimizerState(string type, IReadOnlyList<string> names, long floats)
    {
        this.type = type;
        this.floats = floats;
        this.names = names;
        Moments = [.. names.Select(_ => zeros(floats).DetachFromDisposeScope())];
    }

    /// <summary>A tensor a name, zero at first.</summary>
    public IReadOnlyList<Tensor> Moments { get; }

    /// <summary>The bytes of all moments.</summary>
    public long Bytes => names.Count * floats * sizeof(float);

    public void Save(Stream stream, long steps) => Safetensors.Write(
        stream,
        [.. names.Zip(Moments, (name, moment) => new FloatTensor(name, [floats], FlatTensor.AddressOf(moment)))],
        new Dictionary<string, string> { ["kind"] = Kind, ["type"] = type, ["steps"] = steps.ToString(CultureInfo.InvariantCulture) });

    /// <returns>The steps that were done when the state was saved.</returns>
    public long Load(Stream stream, string name)
    {
        var reader = SafetensorsReader.Open(stream, name);
        Expect("kind", Kind);
        Expect("type", type);
        if (!reader.Metadata.TryGetValue("steps", out var text)
            || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var steps))
            throw new BadInputException($"{name}: expected the number of steps, got '{text}'");
        if (names.Except(reader.Entries.Select(e => e.Name)).FirstOrDefault() is { } missing)
            throw new BadInputException($"{name}: the tensor {missing} is missing");
        foreach (var entry in reader.Entries)
            if (names.Contains(entry.Name)) entry.Require(name, [floats]);
            else throw new BadInputException($"{name}: unexpected tensor {entry.Name}");
        reader.ReadAll(entry => FlatTensor.AddressOf(Moments[IndexOf(entry.Name)]));
        return steps;

        void Expect(string key, string value)
        {
            if (!reader.Metadata.TryGetValue(key, out var got) || got != value)
                throw new BadInputException($"{name}: expected {key} {value}, got '{got}'");
        }
    }

    public void Dispose()
    {
        foreach (var moment in Moments) moment.Dispose();
    }

    private int IndexOf(string name) => Enumerable.Range(0, names.Count).First(i => names[i] == name);
}
