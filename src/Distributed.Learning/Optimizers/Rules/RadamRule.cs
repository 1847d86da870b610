namespace Distributed.Learning;

/// <summary>
/// Rectified Adam (Liu et al. 2020): while the variance of the second moment cannot be trusted (<c>ρₜ ≤ 5</c>, the authors' later bound) it
/// is left out, <c>w ← w − η m̂</c>; then <c>w ← w − η rₜ m̂ / √v̂</c> with the rectification <c>rₜ</c>, in which ε is added to <c>√v</c>.
/// </summary>
internal sealed class RadamRule(OptimizerSpec spec) : UpdateRule
{
    private double meanBias;
    // rₜ √(1 − β₂ᵗ), or 0 while the second moment is left out.
    private double rectification;

    public override IReadOnlyList<string> Moments { get; } = ["exp_avg", "exp_avg_sq"];

    public override void Begin(long step)
    {
        var bias = 1 - Math.Pow(spec.Beta2, step);
        var most = 2 / (1 - spec.Beta2) - 1;
        var length = most - 2 * step * (1 - bias) / bias;
        meanBias = 1 - Math.Pow(spec.Beta1, step);
        rectification = length > 5
            ? Math.Sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)) * Math.Sqrt(bias)
            : 0;
    }

    public override void Update(in UpdateOperands piece)
    {
        var mean = piece.Moments[0].mul_(spec.Beta1).add_(piece.Gradient, 1 - spec.Beta1);
        var square = piece.Moments[1].mul_(spec.Beta2).addcmul_(piece.Gradient, piece.Gradient, 1 - spec.Beta2);
        if (rectification == 0) piece.Weights.add_(mean, -piece.LearningRate / meanBias);
        else piece.Weights.addcdiv_(mean, Root(piece.Temporary, square, 1, spec.Epsilon), -piece.LearningRate * rectification / meanBias);
    }
}
