using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>One piece of a shard at work: its state, and the way from the averaged gradient to the one that the rule sees.</summary>
internal sealed class OptimizerPiece : IDisposable
{
    private readonly OptimizerSpec spec;
    private readonly UpdateRule rule;
    private readonly Tensor[] moments;
    private readonly Tensor slope;
    private readonly Tensor temporary;

    /// <param name="moments">The rule's state of the whole shard.</param>
    /// <param name="rooms">Two tensors of scratch that all pieces share, at least as long as the piece.</param>
    public OptimizerPiece(OptimizerSpec spec, UpdateRule rule, PieceRange range, IReadOnlyList<Tensor> moments, (Tensor Slope, Tensor Temporary) rooms)
    {
        this.spec = spec;
        this.rule = rule;
        Range = range;
        this.moments = [.. moments.Select(moment => moment.narrow(0, range.Start, range.Floats).DetachFromDisposeScope())];
        slope = rooms.Slope.narrow(0, 0, range.Floats).DetachFromDisposeScope();
        temporary = rooms.Temporary.narrow(0, 0, range.Floats).DetachFromDisposeScope();
    }

    public PieceRange Range { get; }

    /// <summary>What the rule computes with. The clipped and penalised gradient is made anew in scratch that all pieces share.</summary>
    /// <param name="weights">The piece's weights before the update, which may be changed.</param>
    /// <param name="gradient">Its averaged gradient, which may not.</param>
    /// <param name="learningRate">The step's rate.</param>
    /// <param name="scale">What clipping by norm multiplies the gradient by.</param>
    public UpdateOperands Operands(Tensor weights, Tensor gradient, double learningRate, double scale)
    {
        var decay = Range.Settings.WeightDecay;
        var l1 = Range.Settings.L1;
        var adds = decay != 0 && !rule.DecouplesDecay;
        if (spec.ClipValue is not null || scale != 1 || adds || l1 != 0)
        {
            slope.copy_(gradient);
            if (spec.ClipValue is { } bound) slope.clamp_(-bound, bound);
            if (scale != 1) slope.mul_(scale);
            if (adds) slope.add_(weights, decay);
            if (l1 != 0) slope.add_(temporary.copy_(weights).sign_(), l1);
            gradient = slope;
        }
        return new UpdateOperands(weights, gradient, moments, temporary, slope, learningRate * Range.Settings.LearningRateFactor, decay);
    }

    public void Dispose()
    {
        foreach (var moment in moments) moment.Dispose();
        slope.Dispose();
        temporary.Dispose();
    }
}
