using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Checkpoints;

/// <summary>
/// The optimizer's state of the whole flat vector, put together of the states of the shards that saved it and cut again for those that
/// go on with it: rules are elementwise, so a moment's floats belong to the weights at the same places, wherever shards begin.
/// </summary>
internal sealed unsafe class OptimizerMoments(ParameterLayout layout) : IDisposable
{
    private readonly Dictionary<string, PrivateMemory> moments = [];
    private IReadOnlyDictionary<string, string>? metadata;
    private long end;

    /// <summary>Takes a shard's state, as the shard's optimizer saved it; shards come in order.</summary>
    /// <param name="stream">The state.</param>
    /// <param name="name">What it is, for messages.</param>
    /// <param name="offset">The shard's first float.</param>
    /// <param name="length">Its floats, running statistics included.</param>
    /// <exception cref="BadInputException">It is no such state, of another range, or does not fit to those before.</exception>
    public void Add(Stream stream, string name, long offset, long length)
    {
        if (offset != end || length <= 0 || length > layout.Length - offset)
            throw new BadInputException($"{name}: expected the state from float {end} on within {layout.Length}, got {length} floats from {offset} on");
        end = offset + length;
        var reader = SafetensorsReader.Open(stream, name);
        metadata ??= reader.Metadata;
        if (offset == 0)
            foreach (var entry in reader.Entries)
                moments.Add(entry.Name, new PrivateMemory(layout.Length * sizeof(float)));
        if (reader.Metadata.Count != metadata.Count || reader.Metadata.Except(metadata).Any() || !reader.Entries.Select(entry => entry.Name).Order().SequenceEqual(moments.Keys.Order()))
            throw new BadInputException($"{name}: expected the same optimizer, step and tensors as in the shards before");
        foreach (var entry in reader.Entries)
            entry.Require(name, [Trained(offset, length)]);
        reader.ReadAll(entry => At(entry.Name, offset));
    }

    /// <summary>The state of a range, as an optimizer of that range reads it.</summary>
    /// <exception cref="BadInputException">Not all of the vector has come.</exception>
    public byte[] Cut(long offset, long length)
    {
        if (end != layout.Length)
            throw new BadInputException($"expected the optimizer's state of {layout.Length} floats, got that of {end}");
        using var stream = new MemoryStream();
        Safetensors.Write(
            stream, [.. moments.Keys.Select(name => new FloatTensor(name, [Trained(offset, length)], At(name, offset)))],
            metadata!.ToDictionary(pair => pair.Key, pair => pair.Value));
        return stream.ToArray();
    }

    public void Dispose()
    {
        foreach (var memory in moments.Values)
            memory.Dispose();
    }

    /// <summary>Running statistics, at the end of the vector, have no moments.</summary>
    private long Trained(long offset, long length) => Math.Min(offset + length, layout.TrainableLength) - offset;

    private nint At(string name, long offset) => (nint)(moments[name].Pointer + offset * sizeof(float));
}
