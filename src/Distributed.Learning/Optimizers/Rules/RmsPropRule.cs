namespace Distributed.Learning;

/// <summary>
/// RMSprop (Tieleman and Hinton 2012): <c>s ← α s + (1 − α) g², w ← w − η g / (√s + ε)</c>; with momentum
/// <c>v ← μ v + g / (√s + ε), w ← w − η v</c>.
/// </summary>
internal sealed class RmsPropRule(OptimizerSpec spec) : UpdateRule
{
    public override IReadOnlyList<string> Moments { get; } = spec.Momentum == 0 ? ["square_avg"] : ["square_avg", "momentum_buffer"];

    public override void Update(in UpdateOperands piece)
    {
        var square = piece.Moments[0].mul_(spec.Decay).addcmul_(piece.Gradient, piece.Gradient, 1 - spec.Decay);
        var root = Root(piece.Temporary, square, 1, spec.Epsilon);
        if (spec.Momentum == 0) piece.Weights.addcdiv_(piece.Gradient, root, -piece.LearningRate);
        else piece.Weights.add_(piece.Moments[1].mul_(spec.Momentum).addcdiv_(piece.Gradient, root, 1), -piece.LearningRate);
    }
}
