using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The optimizer of one shard over memory of the caller. Rules are elementwise, and norms are summed in fixed blocks
/// (<see cref="NormBlocks"/>), so the bits do not depend on where the flat vector is cut into shards. Used by one thread at a time.
/// </summary>
public sealed unsafe class ShardOptimizer : IDisposable
{
    // The rules pass over their operands many times (Adam ten times): in pieces whose operands fit the second-level cache an update of
    // ten million floats by Adam takes a third of the time.
    private const int PieceFloats = 1 << 16;

    // A shard has two weight buffers and few gradient buffers; tensors over them are made once and kept.
    private const int MostKept = 16;

    private readonly OptimizerSpec spec;
    private readonly UpdateRule rule;
    private readonly OptimizerState state;
    private readonly OptimizerPiece[] pieces;
    private readonly (Tensor Slope, Tensor Temporary) rooms;
    private readonly NormBlocks? blocks;
    private readonly long offset;
    private readonly long floats;
    private readonly double[]?[] sums = new double[]?[2];
    private readonly Dictionary<IntPtr, Tensor[]> kept = [];

    /// <summary>An optimizer with fresh state for a range of a flat vector.</summary>
    /// <param name="spec">The rule and its options.</param>
    /// <param name="layout">The flat vector, whose parameters' names and shapes the options may go by.</param>
    /// <param name="offset">The shard's first float; a multiple of <see cref="NormBlocks.Floats"/> where the optimizer needs norms.</param>
    /// <param name="floats">Length of the shard, above 0.</param>
    /// <exception cref="BadInputException">A group of parameters matches none.</exception>
    public ShardOptimizer(OptimizerSpec spec, ParameterLayout layout, long offset, long floats)
        : this(spec, floats, offset, PiecePlan.Cut(spec, layout, offset, floats, PieceFloats), spec.NormExchanges > 0 ? new NormBlocks(layout) : null)
    {
    }

    /// <summary>An optimizer with fresh state for floats that all have the same settings and of which no norms are needed.</summary>
    /// <param name="spec">The rule and its options.</param>
    /// <param name="floats">Length of the shard, above 0.</param>
    public ShardOptimizer(OptimizerSpec spec, long floats) : this(spec, floats, PieceFloats)
    {
    }

    internal ShardOptimizer(OptimizerSpec spec, long floats, int pieceFloats)
        : this(spec, floats, 0, PiecePlan.Cut(floats, new PieceSettings(spec.WeightDecay, spec.L1, 1), pieceFloats), null)
    {
    }

    private ShardOptimizer(OptimizerSpec spec, long floats, long offset, IEnumerable<PieceRange> plan, NormBlocks? blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(floats);
        this.spec = spec;
        this.floats = floats;
        this.offset = offset;
        this.blocks = blocks;
        rule = OptimizerKinds.Create(spec);
        state = new OptimizerState(spec.Type, rule.Moments, floats);
        PieceRange[] ranges = [.. plan];
        var longest = ranges.Max(range => range.Floats);
        rooms = (empty(longest).DetachFromDisposeScope(), empty(longest).DetachFromDisposeScope());
        pieces = [.. ranges.Select(range => new OptimizerPiece(spec, rule, range, state.Moments, rooms))];
    }

    /// <summary>Steps done so far, those before a loaded state included.</summary>
    public long Steps { get; private set; }

    /// <summary>One update at the optimizer's base rate, of a shard that is the whole flat vector or needs no norms.</summary>
    /// <param name="from">Address of the weights before.</param>
    /// <param name="to">Address of the weights after.</param>
    /// <param name="gradient">Address of the averaged gradient.</param>
    public void Step(IntPtr from, IntPtr to, IntPtr gradient) => Step(from, to, gradient, spec.LearningRate);

    /// <summary>
    /// One update: weights of version t in <paramref name="from"/> and their averaged gradient give the weights of t + 1 in
    /// <paramref name="to"/>. No memory is kept in torch but the optimizer's state.
    /// </summary>
    /// <param name="from">Address of the weights before; unchanged, unless it is <paramref name="to"/>.</param>
    /// <param name="to">Address of the weights after; may be <paramref name="from"/>.</param>
    /// <param name="gradient">Address of the gradient; unchanged.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="norms">
    /// Completes sums of squares with those of the other shards; null where this shard is the whole flat vector. Called
    /// <see cref="OptimizerSpec.NormExchanges"/> times an update.
    /// </param>
    public void Step(IntPtr from, IntPtr to, IntPtr gradient, double learningRate, INormExchange? norms = null)
    {
        ComputeThread.Enter();
        if (kept.Count > MostKept) Forget();
        var (before, after, slope) = (Over(from), Over(to), Over(gradient));
        var scale = spec.ClipNorm is { } most ? ScaleFor(most, (float*)gradient, norms) : 1;
        rule.Begin(Steps + 1);
        if (rule is LayerwiseRule layerwise) StepByLayer(layerwise, before, after, slope, learningRate, scale, norms);
        else
            for (var i = 0; i < pieces.Length; i++)
                rule.Update(pieces[i].Operands(Copy(before[i], after[i]), slope[i], learningRate, scale));
        Steps++;
    }

    /// <summary>Writes steps and moments as a safetensors stream (tensors named as in PyTorch's state of the optimizer).</summary>
    /// <param name="stream">Where to; stays open.</param>
    public void SaveState(Stream stream) => state.Save(stream, Steps);

    /// <summary>Takes over a state that <see cref="SaveState"/> wrote; the next step goes on bit for bit.</summary>
    /// <param name="stream">Where from; read up to the end of the state, stays open.</param>
    /// <param name="name">What the stream is, for messages: a file's or a peer's name.</param>
    /// <exception cref="BadInputException">
    /// The state is damaged, of another optimizer or of another length; the optimizer must not be used any more.
    /// </exception>
    public void LoadState(Stream stream, string name = "optimizer state") => Steps = state.Load(stream, name);

    /// <summary>Frees the state; the caller's memory stays.</summary>
    public void Dispose()
    {
        Forget();
        foreach (var piece in pieces) piece.Dispose();
        rooms.Slope.Dispose();
        rooms.Temporary.Dispose();
        state.Dispose();
    }

    // As PyTorch's clip_grad_norm_: the gradient of a norm above the bound shrinks to (nearly) the bound.
    private double ScaleFor(double most, float* gradient, INormExchange? norms)
    {
        var squares = Sums(1);
        blocks!.Sum(gradient, offset, floats, spec.ClipValue ?? double.PositiveInfinity, squares);
        return Math.Min(1, most / (NormBlocks.Total(Complete(squares, 1, norms)) + 1e-6));
    }

    private void StepByLayer(
        LayerwiseRule layerwise, Tensor[] before, Tensor[] after, Tensor[] slope, double learningRate, double scale, INormExchange? norms)
    {
        // Of each part the sum for the weights, then, after all of those, the sum for what the rule prepared.
        var squares = Sums(2);
        for (var i = 0; i < pieces.Length; i++)
        {
            var operands = pieces[i].Operands(Copy(before[i], after[i]), slope[i], learningRate, scale);
            if (pieces[i].Range.Entry < 0)
            {
                layerwise.Update(operands);
                continue;
            }
            Sum(operands.Weights, pieces[i].Range, squares.AsSpan(0, blocks!.Count));
            Sum(layerwise.Prepare(operands), pieces[i].Range, squares.AsSpan(blocks.Count));
        }

        var all = Complete(squares, 2, norms);
        for (var i = 0; i < pieces.Length; i++)
            if (pieces[i].Range.Entry is >= 0 and var entry)
                layerwise.Apply(
                    pieces[i].Operands(after[i], slope[i], learningRate, scale),
                    blocks!.OfEntry(all[..blocks.Count], entry), blocks.OfEntry(all[blocks.Count..], entry));
    }

    private static Tensor Copy(Tensor from, Tensor to) => ReferenceEquals(from, to) ? to : to.copy_(from);

    private void Sum(Tensor tensor, PieceRange range, Span<double> into) =>
        blocks!.Sum((float*)FlatTensor.AddressOf(tensor), offset + range.Start, range.Floats, double.PositiveInfinity, into);

    private double[] Sums(int each) =>
        sums[each - 1] ??= new double[each * (blocks ?? throw new InvalidOperationException("norms need a layout")).Count];

    private ReadOnlySpan<double> Complete(double[] squares, int each, INormExchange? norms)
    {
        if (norms is null) return squares;
        var (first, count) = blocks!.Of(offset, floats);
        norms.Complete(squares, each, first, count);
        return squares;
    }

    private Tensor[] Over(IntPtr memory)
    {
        if (!kept.TryGetValue(memory, out var tensors))
            kept[memory] = tensors = [.. pieces.Select(piece => FlatTensor.Wrap(memory + (nint)(piece.Range.Start * sizeof(float)), piece.Range.Floats))];
        return tensors;
    }

    private void Forget()
    {
        foreach (var tensor in kept.Values.SelectMany(tensors => tensors)) tensor.Dispose();
        kept.Clear();
    }
}
