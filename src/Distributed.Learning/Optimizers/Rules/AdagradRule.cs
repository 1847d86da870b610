namespace Distributed.Learning;

/// <summary>Adagrad (Duchi et al. 2011): <c>s ← s + g², w ← w − η g / (√s + ε)</c>.</summary>
internal sealed class AdagradRule(OptimizerSpec spec) : UpdateRule
{
    public override IReadOnlyList<string> Moments { get; } = ["sum"];

    public override void Update(in UpdateOperands piece)
    {
        var sum = piece.Moments[0].addcmul_(piece.Gradient, piece.Gradient, 1);
        piece.Weights.addcdiv_(piece.Gradient, Root(piece.Temporary, sum, 1, spec.Epsilon), -piece.LearningRate);
    }
}
