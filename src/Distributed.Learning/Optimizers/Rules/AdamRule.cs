namespace Distributed.Learning;

/// <summary>
/// Adam (Kingma and Ba 2015): <c>m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − η m̂ / (√v̂ + ε)</c> with the bias-corrected
/// <c>m̂ = m / (1 − β₁ᵗ)</c> and <c>v̂ = v / (1 − β₂ᵗ)</c>; AdamW (Loshchilov and Hutter 2019) first shrinks the weights by <c>1 − η λ</c>.
/// </summary>
internal sealed class AdamRule(OptimizerSpec spec) : UpdateRule
{
    private double meanBias;
    private double rootBias;

    public override IReadOnlyList<string> Moments { get; } = ["exp_avg", "exp_avg_sq"];

    public override bool DecouplesDecay { get; } = spec.Type == OptimizerKinds.AdamW;

    public override void Begin(long step)
    {
        meanBias = 1 - Math.Pow(spec.Beta1, step);
        rootBias = Math.Sqrt(1 - Math.Pow(spec.Beta2, step));
    }

    public override void Update(in UpdateOperands piece)
    {
        if (DecouplesDecay && piece.WeightDecay != 0) piece.Weights.mul_(1 - piece.LearningRate * piece.WeightDecay);
        var mean = piece.Moments[0].mul_(spec.Beta1).add_(piece.Gradient, 1 - spec.Beta1);
        var square = piece.Moments[1].mul_(spec.Beta2).addcmul_(piece.Gradient, piece.Gradient, 1 - spec.Beta2);
        piece.Weights.addcdiv_(mean, Root(piece.Temporary, square, rootBias, spec.Epsilon), -(piece.LearningRate / meanBias));
    }
}
