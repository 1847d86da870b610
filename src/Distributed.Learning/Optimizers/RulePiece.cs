using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>A piece of a shard that is updated by a rule in torch operations.</summary>
internal sealed unsafe class RulePiece : IOptimizerPiece
{
    // A shard has two weight buffers and few gradient buffers; tensors over them are made once and kept.
    private const int MostKept = 16;

    private readonly OptimizerSpec spec;
    private readonly UpdateRule rule;
    private readonly Tensor[] moments;
    private readonly Tensor slope;
    private readonly Tensor temporary;
    private readonly Dictionary<IntPtr, Tensor> kept = [];

    /// <param name="state">The rule's state of the whole shard.</param>
    /// <param name="rooms">Two tensors of scratch that all pieces share, at least as long as the piece.</param>
    public RulePiece(OptimizerSpec spec, UpdateRule rule, PieceRange range, OptimizerState state, IReadOnlyList<Tensor> rooms)
    {
        this.spec = spec;
        this.rule = rule;
        Range = range;
        moments = [.. Enumerable.Range(0, state.Count).Select(moment => state.Part(moment, range.Start, range.Floats).DetachFromDisposeScope())];
        slope = rooms[0].narrow(0, 0, range.Floats).DetachFromDisposeScope();
        temporary = rooms[1].narrow(0, 0, range.Floats).DetachFromDisposeScope();
    }

    public PieceRange Range { get; }

    public void Step(IntPtr from, IntPtr to, IShardGradient gradient, in UpdateStep step, IntPtr rounded)
    {
        rule.Update(Operands(from, to, gradient, step));
        if (rounded != 0) Bfloat16.Round((float*)to, (ushort*)rounded, Range.Floats);
    }

    /// <summary>
    /// What the rule computes with: the weights before are at <paramref name="to"/>, and the clipped and penalised gradient is in scratch that
    /// all pieces share.
    /// </summary>
    public UpdateOperands Operands(IntPtr from, IntPtr to, IShardGradient gradient, in UpdateStep step)
    {
        if (kept.Count > MostKept) Forget();
        var (weights, seen) = (Over(to), Over(gradient.Sum(Range.Start, Range.Floats)));
        if (from != to) weights.copy_(Over(from));
        var (decay, l1, _) = Range.Settings;
        var adds = decay != 0 && !rule.DecouplesDecay;
        if (spec.ClipValue is not null || step.Scale != 1 || adds || l1 != 0)
        {
            seen = slope.copy_(seen);
            if (spec.ClipValue is { } bound) slope.clamp_(-bound, bound);
            if (step.Scale != 1) slope.mul_(step.Scale);
            if (adds) slope.add_(weights, decay);
            if (l1 != 0) slope.add_(temporary.copy_(weights).sign_(), l1);
        }
        return new UpdateOperands(weights, seen, moments, temporary, slope, step.LearningRate * Range.Settings.LearningRateFactor, decay);
    }

    public void Dispose()
    {
        Forget();
        foreach (var moment in moments) moment.Dispose();
        slope.Dispose();
        temporary.Dispose();
    }

    private Tensor Over(IntPtr memory)
    {
        if (!kept.TryGetValue(memory, out var tensor)) kept[memory] = tensor = FlatTensor.Wrap(memory, Range.Floats);
        return tensor;
    }

    private void Forget()
    {
        foreach (var tensor in kept.Values) tensor.Dispose();
        kept.Clear();
    }
}
