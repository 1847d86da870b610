using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The optimizer of one shard over memory of the caller. Rules are elementwise, and norms are summed in fixed blocks
/// (<see cref="NormBlocks"/>), so the bits do not depend on where the flat vector is cut into shards. Used by one thread at a time.
/// </summary>
public sealed unsafe class ShardOptimizer : IDisposable
{
    /// <summary>
    /// Floats of a piece at most. Rules in torch operations pass over their operands many times: in pieces whose operands fit the
    /// second-level cache an update of ten million floats takes a third of the time.
    /// </summary>
    public const int PieceFloats = 1 << 16;

    /// <summary>
    /// Floats of a piece of SGD at most: for so many at a time <see cref="IShardGradient.Addends"/> can add all but the last two of several gradients, in the first- or
    /// second-level cache. Larger pieces of several gradients are summed before.
    /// </summary>
    public const int AddedFloats = 1 << 13;

    private readonly OptimizerSpec spec;
    private readonly UpdateRule? rule;
    private readonly OptimizerState state;
    private readonly IOptimizerPiece[] pieces;
    private readonly Tensor[] rooms;
    private readonly NormBlocks? blocks;
    private readonly long offset;
    private readonly long floats;
    private readonly double[]?[] sums = new double[]?[2];

    /// <summary>An optimizer with fresh state for a range of the trainable part of a flat vector.</summary>
    /// <param name="spec">The rule and its options.</param>
    /// <param name="layout">The flat vector, whose parameters' names and shapes the options may go by.</param>
    /// <param name="offset">The shard's first float; a multiple of <see cref="NormBlocks.Floats"/> where the optimizer needs norms.</param>
    /// <param name="floats">How many of its floats are trained, above 0.</param>
    /// <exception cref="BadInputException">A group of parameters matches none.</exception>
    public ShardOptimizer(OptimizerSpec spec, ParameterLayout layout, long offset, long floats)
        : this(spec, floats, offset, PiecePlan.Cut(spec, layout, offset, floats, PieceFloatsOf(spec)), spec.NormExchanges > 0 ? new NormBlocks(layout) : null)
    {
    }

    /// <summary>An optimizer with fresh state for floats that all have the same settings and of which no norms are needed.</summary>
    /// <param name="spec">The rule and its options.</param>
    /// <param name="floats">Length of the shard, above 0.</param>
    public ShardOptimizer(OptimizerSpec spec, long floats) : this(spec, floats, PieceFloatsOf(spec))
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
        rule = OptimizerKinds.IsFused(spec.Type) ? null : OptimizerKinds.Create(spec);
        state = new OptimizerState(spec.Type, rule?.Moments ?? KernelMoments(spec), floats);
        PieceRange[] ranges = [.. plan];
        var longest = ranges.Max(range => range.Floats);
        rooms = spec.Type == OptimizerKinds.Sgd ? [] : [empty(longest).DetachFromDisposeScope(), empty(longest).DetachFromDisposeScope()];
        pieces = [.. ranges.Select(IOptimizerPiece (range) =>
            rule is not null ? new RulePiece(spec, rule, range, state, rooms)
            : spec.Type == OptimizerKinds.Sgd ? new SgdPiece(spec, range, state, floats)
            : new AdamPiece(spec, range, state, rooms[0]))];
    }

    /// <summary>Steps done so far, those before a loaded state included.</summary>
    public long Steps { get; private set; }

    /// <summary>
    /// The bytes of one of the <see cref="MomentBuffers"/> that a shard's optimizer can keep its moments in; null for an optimizer that has
    /// them in memory of its own alone, in torch's tensors.
    /// </summary>
    /// <param name="spec">The rule and its options.</param>
    /// <param name="floats">How many floats of the shard are trained.</param>
    public static long? MomentRoom(OptimizerSpec spec, long floats) =>
        OptimizerKinds.IsFused(spec.Type) ? OptimizerState.RoomFor(KernelMoments(spec).Count, floats) : null;

    /// <summary>
    /// Keeps the moments in memory of the caller from now on. What is there are the moments: zeroes, or those of another optimizer that has
    /// made the same updates.
    /// </summary>
    /// <param name="buffers">The memory; it stays until <see cref="Detach"/> or the end.</param>
    /// <exception cref="InvalidOperationException">This optimizer's moments lie in torch's tensors.</exception>
    public void KeepMomentsIn(MomentBuffers buffers)
    {
        if (rule is not null) throw new InvalidOperationException($"{spec.Type} keeps its moments in tensors");
        state.Use(buffers);
    }

    /// <summary>Takes an update for made that another optimizer has made in the same memory.</summary>
    public void Adopt() => Steps++;

    /// <summary>Goes on with a copy of the moments, in memory of its own.</summary>
    public void Detach() => state.Detach(Steps);

    /// <summary>One update with a gradient that is in place, see the other overload.</summary>
    /// <param name="from">Address of the weights before.</param>
    /// <param name="to">Address of the weights after.</param>
    /// <param name="gradient">Address of the averaged gradient; unchanged.</param>
    /// <param name="learningRate">The rate of this step; null: the optimizer's base rate.</param>
    /// <param name="norms">Completes sums of squares; null where this shard is the whole vector.</param>
    public void Step(IntPtr from, IntPtr to, IntPtr gradient, double? learningRate = null, INormExchange? norms = null) =>
        Step(from, to, new GradientInPlace(gradient), learningRate, norms);

    /// <summary>
    /// One update: weights of version t in <paramref name="from"/> and their averaged gradient give the weights of t + 1 in
    /// <paramref name="to"/>. The gradient is made piece by piece: each is used up while it is still in the cache, and none has to be kept.
    /// No memory is kept in torch but the optimizer's state.
    /// </summary>
    /// <param name="from">Address of the weights before; unchanged, unless it is <paramref name="to"/>.</param>
    /// <param name="to">Address of the weights after; may be <paramref name="from"/>.</param>
    /// <param name="gradient">The gradient. Every piece is asked for once, and once more for every norm.</param>
    /// <param name="learningRate">The rate of this step; null: the optimizer's base rate.</param>
    /// <param name="norms">
    /// Completes sums of squares with those of the other shards; null where this shard is the whole flat vector. Called
    /// <see cref="OptimizerSpec.NormExchanges"/> times an update.
    /// </param>
    /// <param name="rounded">Where the weights after belong rounded to bfloat16, too, which is made while they are in the cache; 0: nowhere.</param>
    /// <exception cref="TimeoutException">Another shard's sums did not come.</exception>
    public void Step(
        IntPtr from, IntPtr to, IShardGradient gradient, double? learningRate = null, INormExchange? norms = null, IntPtr rounded = 0)
    {
        ComputeThread.Enter();
        var scale = spec.ClipNorm is { } most ? ScaleFor(most, gradient, norms) : 1;
        var step = new UpdateStep(Steps + 1, learningRate ?? spec.LearningRate, scale);
        rule?.Begin(step.Number);
        if (rule is LayerwiseRule layerwise) StepByLayer(layerwise, from, to, gradient, step, norms, rounded);
        else
            foreach (var piece in pieces)
                piece.Step(At(from, piece), At(to, piece), gradient, step, RoundedAt(rounded, piece));
        Steps++;
    }

    /// <summary>The bytes of all moments: what <see cref="SaveState"/> writes, but for a header of some hundred bytes.</summary>
    public long MomentBytes => state.Bytes;

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
        foreach (var piece in pieces) piece.Dispose();
        foreach (var room in rooms) room.Dispose();
        state.Dispose();
    }

    // The other rules call torch for each piece, which would be too often.
    private static int PieceFloatsOf(OptimizerSpec spec) => spec.Type == OptimizerKinds.Sgd ? AddedFloats : PieceFloats;

    private static IReadOnlyList<string> KernelMoments(OptimizerSpec spec) => spec.Type == OptimizerKinds.Sgd ? SgdPiece.Moments(spec) : AdamPiece.Moments;

    private static IntPtr At(IntPtr memory, IOptimizerPiece piece) => memory + (nint)(piece.Range.Start * sizeof(float));

    private static IntPtr RoundedAt(IntPtr memory, IOptimizerPiece piece) => memory == 0 ? 0 : memory + (nint)(piece.Range.Start * sizeof(ushort));

    // As PyTorch's clip_grad_norm_: the gradient of a norm above the bound shrinks to (nearly) the bound.
    private double ScaleFor(double most, IShardGradient gradient, INormExchange? norms)
    {
        var squares = Sums(1);
        foreach (var piece in pieces)
            Sum(gradient.Sum(piece.Range.Start, piece.Range.Floats), piece.Range, spec.ClipValue ?? double.PositiveInfinity, squares);
        return Math.Min(1, most / (NormBlocks.Total(Complete(squares, 1, norms)) + 1e-6));
    }

    private void StepByLayer(
        LayerwiseRule layerwise, IntPtr from, IntPtr to, IShardGradient gradient, in UpdateStep step, INormExchange? norms,
        IntPtr rounded)
    {
        // Of each part the sum for the weights, then, after all of those, the sum for what the rule prepared.
        var squares = Sums(2);
        foreach (var piece in pieces.Cast<RulePiece>())
        {
            var operands = piece.Operands(At(from, piece), At(to, piece), gradient, step);
            if (piece.Range.Entry < 0)
            {
                layerwise.Update(operands);
                continue;
            }
            Sum(FlatTensor.AddressOf(operands.Weights), piece.Range, double.PositiveInfinity, squares.AsSpan(0, blocks!.Count));
            Sum(FlatTensor.AddressOf(layerwise.Prepare(operands)), piece.Range, double.PositiveInfinity, squares.AsSpan(blocks.Count));
        }

        var all = Complete(squares, 2, norms);
        foreach (var piece in pieces.Cast<RulePiece>())
        {
            if (piece.Range.Entry is >= 0 and var entry)
                layerwise.Apply(
                    piece.Operands(At(to, piece), At(to, piece), gradient, step),
                    blocks!.OfEntry(all[..blocks.Count], entry), blocks.OfEntry(all[blocks.Count..], entry));
            if (rounded != 0) Bfloat16.Round((float*)At(to, piece), (ushort*)RoundedAt(rounded, piece), piece.Range.Floats);
        }
    }

    private void Sum(IntPtr data, PieceRange range, double bound, Span<double> into) =>
        blocks!.Sum((float*)data, offset + range.Start, range.Floats, bound, into);

    private double[] Sums(int each) =>
        sums[each - 1] ??= new double[each * (blocks ?? throw new InvalidOperationException("norms need a layout")).Count];

    private ReadOnlySpan<double> Complete(double[] squares, int each, INormExchange? norms)
    {
        if (norms is null) return squares;
        var (first, count) = blocks!.Of(offset, floats);
        norms.Complete(squares, each, first, count);
        return squares;
    }
}
