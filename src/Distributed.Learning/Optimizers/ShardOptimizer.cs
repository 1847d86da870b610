using System.Globalization;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The optimizer of one shard: a kernel of its own for SGD, else <c>torch.optim</c> over flat parameters that are laid over the caller's
/// memory at every step; the bits are those of <c>torch.optim</c> in both cases. All rules are elementwise, so the bits do not depend on where the flat vector is cut into shards. Used by one thread at a time.
/// </summary>
public sealed class ShardOptimizer : IDisposable
{
    /// <summary>
    /// Floats of a piece. The rules pass over their operands many times (Adam ten times): in pieces whose operands fit the second-level
    /// cache an update of ten million floats by Adam takes a third of the time.
    /// </summary>
    public const int PieceFloats = 1 << 16;

    private const string Kind = "shard-optimizer";

    private readonly OptimizerSpec spec;
    private readonly long floats;
    private readonly IOptimizerPiece[] pieces;

    /// <summary>An optimizer with fresh state.</summary>
    /// <param name="spec">The rule.</param>
    /// <param name="floats">Length of the shard, above 0.</param>
    public ShardOptimizer(OptimizerSpec spec, long floats) : this(spec, floats, PieceFloats)
    {
    }

    internal ShardOptimizer(OptimizerSpec spec, long floats, int pieceFloats)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(floats);
        this.spec = spec;
        this.floats = floats;
        pieces = new IOptimizerPiece[(floats + pieceFloats - 1) / pieceFloats];
        for (var i = 0; i < pieces.Length; i++)
        {
            var start = (long)i * pieceFloats;
            pieces[i] = spec.CreatePiece(start, Math.Min(pieceFloats, floats - start));
        }
    }

    /// <summary>Steps done so far, those before a loaded state included.</summary>
    public long Steps { get; private set; }

    /// <summary>
    /// One update: weights of version t in <paramref name="from"/> and their averaged gradient give the weights of t + 1 in
    /// <paramref name="to"/>. No memory is kept in torch but the optimizer's state.
    /// </summary>
    /// <param name="from">Address of the weights before; unchanged, unless it is <paramref name="to"/>.</param>
    /// <param name="to">Address of the weights after; may be <paramref name="from"/>.</param>
    /// <param name="gradient">Address of the gradient; unchanged.</param>
    public void Step(IntPtr from, IntPtr to, IntPtr gradient) => Step(from, to, (start, _) => gradient + (nint)(start * sizeof(float)));

    /// <summary>
    /// One update whose gradient is made piece by piece: each is used up while it is still in the cache, and none has to be kept.
    /// </summary>
    /// <param name="from">Address of the weights before; unchanged, unless it is <paramref name="to"/>.</param>
    /// <param name="to">Address of the weights after; may be <paramref name="from"/>.</param>
    /// <param name="gradient">
    /// Gives the address of the gradient of the piece at a float of the shard with a number of floats, at most <see cref="PieceFloats"/>;
    /// what lies there may be overwritten at the next call.
    /// </param>
    public void Step(IntPtr from, IntPtr to, Func<long, long, IntPtr> gradient)
    {
        ComputeThread.Enter();
        foreach (var piece in pieces)
        {
            var bytes = (nint)(piece.Start * sizeof(float));
            piece.Step(from + bytes, to + bytes, gradient(piece.Start, piece.Floats));
        }
        Steps++;
    }

    /// <summary>Writes steps and moments as a safetensors stream (tensors named as in PyTorch's state of the optimizer).</summary>
    /// <param name="stream">Where to; stays open.</param>
    public void SaveState(Stream stream)
    {
        using var scope = NewDisposeScope();
        var names = pieces[0].State().Select(s => s.Name).ToArray();
        var moments = names.Select((_, moment) => cat([.. pieces.Select(piece => piece.State()[moment].Value)])).ToArray();
        Safetensors.Write(stream, [.. names.Select((name, moment) => new FloatTensor(name, [floats], AddressOf(moments[moment])))],
            new Dictionary<string, string>
            {
                ["kind"] = Kind,
                ["type"] = spec.Type,
                ["steps"] = Steps.ToString(CultureInfo.InvariantCulture),
            });
        GC.KeepAlive(moments);
    }

    /// <summary>Takes over a state that <see cref="SaveState"/> wrote; the next step goes on bit for bit.</summary>
    /// <param name="stream">Where from; read up to the end of the state, stays open.</param>
    /// <param name="name">What the stream is, for messages: a file's or a peer's name.</param>
    /// <exception cref="BadInputException">
    /// The state is damaged, of another optimizer or of another length; the optimizer must not be used any more.
    /// </exception>
    public void LoadState(Stream stream, string name = "optimizer state")
    {
        var reader = SafetensorsReader.Open(stream, name);
        Expect("kind", Kind);
        Expect("type", spec.Type);
        if (!reader.Metadata.TryGetValue("steps", out var text)
            || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var steps))
            throw new BadInputException($"{name}: expected the number of steps, got '{text}'");
        foreach (var piece in pieces) piece.Prepare(steps);
        var names = pieces[0].State().Select(s => s.Name).ToList();
        if (names.Except(reader.Entries.Select(e => e.Name)).FirstOrDefault() is { } missing)
            throw new BadInputException($"{name}: the tensor {missing} is missing");
        foreach (var entry in reader.Entries)
            if (names.Contains(entry.Name)) entry.Require(name, [floats]);
            else throw new BadInputException($"{name}: unexpected tensor {entry.Name}");

        using var scope = NewDisposeScope();
        var moments = names.Select(_ => empty(floats)).ToArray();
        reader.ReadAll(entry => AddressOf(moments[names.IndexOf(entry.Name)]));
        foreach (var piece in pieces)
            foreach (var (moment, (_, value)) in moments.Zip(piece.State()))
                value.copy_(moment.narrow(0, piece.Start, piece.Floats));
        Steps = steps;

        void Expect(string key, string value)
        {
            if (!reader.Metadata.TryGetValue(key, out var got) || got != value)
                throw new BadInputException($"{name}: expected {key} {value}, got '{got}'");
        }
    }

    /// <summary>Frees the state; the caller's memory stays.</summary>
    public void Dispose()
    {
        foreach (var piece in pieces) piece.Dispose();
    }

    // tensor.bytes ends at 2 GB, its storage does not.
    private static IntPtr AddressOf(Tensor tensor) => tensor.storage<float>().data_ptr();
}
