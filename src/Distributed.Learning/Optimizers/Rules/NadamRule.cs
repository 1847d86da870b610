namespace Distributed.Learning;

/// <summary>
/// Adam with Nesterov's look ahead (Dozat 2016): with <c>μₜ = β₁ (1 − 0.96^(tψ) / 2)</c>,
/// <c>w ← w − η ((1 − μₜ) g / (1 − Πμ) + μₜ₊₁ m / (1 − μₜ₊₁ Πμ)) / (√v̂ + ε)</c>, where the product goes over <c>μ₁ … μₜ</c>.
/// </summary>
internal sealed class NadamRule(OptimizerSpec spec) : UpdateRule
{
    private long known;
    private double product = 1;
    private double gradientShare;
    private double meanShare;
    private double rootBias;

    public override IReadOnlyList<string> Moments { get; } = ["exp_avg", "exp_avg_sq"];

    public override void Begin(long step)
    {
        if (step <= known) (known, product) = (0, 1);
        // One factor a step; all of them after a state was loaded.
        while (known < step) product *= Momentum(++known);
        gradientShare = (1 - Momentum(step)) / (1 - product);
        meanShare = Momentum(step + 1) / (1 - product * Momentum(step + 1));
        rootBias = Math.Sqrt(1 - Math.Pow(spec.Beta2, step));
    }

    public override void Update(in UpdateOperands piece)
    {
        var mean = piece.Moments[0].mul_(spec.Beta1).add_(piece.Gradient, 1 - spec.Beta1);
        var square = piece.Moments[1].mul_(spec.Beta2).addcmul_(piece.Gradient, piece.Gradient, 1 - spec.Beta2);
        var root = Root(piece.Temporary, square, rootBias, spec.Epsilon);
        piece.Weights.addcdiv_(piece.Gradient, root, -piece.LearningRate * gradientShare).addcdiv_(mean, root, -piece.LearningRate * meanShare);
    }

    private double Momentum(long step) => spec.Beta1 * (1 - 0.5 * Math.Pow(0.96, step * spec.MomentumDecay));
}
