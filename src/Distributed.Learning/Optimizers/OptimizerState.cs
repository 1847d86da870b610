using System.Globalization;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>The state of a shard's optimizer: its moments as flat vectors, and how they are written and read as a safetensors stream.</summary>
internal sealed unsafe class OptimizerState : IDisposable
{
    private const string Kind = "shard-optimizer";

    /// <summary>Each moment begins at a cache line.</summary>
    private const long Alignment = 64 / sizeof(float);

    private readonly string type;
    private readonly long floats;
    private readonly IReadOnlyList<string> names;
    private Tensor own;
    private MomentBuffers buffers;

    public OptimizerState(string type, IReadOnlyList<string> names, long floats)
    {
        this.type = type;
        this.floats = floats;
        this.names = names;
        own = zeros(RoomFor(names.Count, floats) / sizeof(float)).DetachFromDisposeScope();
        buffers = MomentBuffers.One(FlatTensor.AddressOf(own));
    }

    /// <summary>How many moments there are.</summary>
    public int Count => names.Count;

    /// <summary>The bytes of all moments.</summary>
    public long Bytes => names.Count * floats * sizeof(float);

    /// <summary>The bytes that moments of so many floats take in memory.</summary>
    public static long RoomFor(int moments, long floats) => moments * ((floats + Alignment - 1) / Alignment * Alignment) * sizeof(float);

    /// <summary>Where a moment lies after so many updates.</summary>
    public IntPtr AddressOf(int moment, long steps) => buffers.After(steps) + (nint)(RoomFor(1, floats) * moment);

    /// <summary>A part of a moment, for rules in torch operations, which change it in place; while the memory is this state's own.</summary>
    public Tensor Part(int moment, long start, long count) => own.narrow(0, (RoomFor(1, floats) / sizeof(float) * moment) + start, count);

    /// <summary>Uses memory of the caller from now on, and what is in it.</summary>
    public void Use(MomentBuffers memory)
    {
        buffers = memory;
        own.Dispose();
    }

    /// <summary>Goes on in memory of its own, with the moments after so many updates.</summary>
    public void Detach(long steps)
    {
        var from = buffers.After(steps);
        var room = RoomFor(names.Count, floats);
        own = empty(room / sizeof(float)).DetachFromDisposeScope();
        buffers = MomentBuffers.One(FlatTensor.AddressOf(own));
        Buffer.MemoryCopy((void*)from, (void*)buffers.Even, room, room);
    }

    public void Save(Stream stream, long steps) => Safetensors.Write(
        stream,
        [.. names.Select((name, moment) => new FloatTensor(name, [floats], AddressOf(moment, steps)))],
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
        reader.ReadAll(entry => AddressOf(IndexOf(entry.Name), steps));
        return steps;

        void Expect(string key, string value)
        {
            if (!reader.Metadata.TryGetValue(key, out var got) || got != value)
                throw new BadInputException($"{name}: expected {key} {value}, got '{got}'");
        }
    }

    public void Dispose() => own.Dispose();

    private int IndexOf(string name) => Enumerable.Range(0, names.Count).First(i => names[i] == name);
}
