namespace Distributed.Learning;

/// <summary>
/// Lion (Chen et al. 2023): <c>w ← w − η (sign(β₁ m + (1 − β₁) g) + λ w), m ← β₂ m + (1 − β₂) g</c>.
/// </summary>
internal sealed class LionRule(OptimizerSpec spec) : UpdateRule
{
    public override IReadOnlyList<string> Moments { get; } = ["exp_avg"];

    public override bool DecouplesDecay => true;

    public override void Update(in UpdateOperands piece)
    {
        if (piece.WeightDecay != 0) piece.Weights.mul_(1 - piece.LearningRate * piece.WeightDecay);
        var mean = piece.Moments[0];
        var sign = piece.Temporary.copy_(mean).mul_(spec.Beta1).add_(piece.Gradient, 1 - spec.Beta1).sign_();
        piece.Weights.add_(sign, -piece.LearningRate);
        mean.mul_(spec.Beta2).add_(piece.Gradient, 1 - spec.Beta2);
    }
}
