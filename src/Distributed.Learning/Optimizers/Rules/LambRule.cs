using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// LAMB (You et al. 2020): Adam's direction <c>u = m̂ / (√v̂ + ε) + λ w</c>, and of every tensor a step as long as its weights:
/// <c>w ← w − η ‖w‖ / ‖u‖ · u</c>, with 1 for the ratio where a norm is 0.
/// </summary>
internal sealed class LambRule(OptimizerSpec spec) : LayerwiseRule
{
    private double meanBias;
    private double rootBias;

    public override IReadOnlyList<string> Moments { get; } = ["exp_avg", "exp_avg_sq"];

    public override bool DecouplesDecay => true;

    public override void Begin(long step)
    {
        meanBias = 1 - Math.Pow(spec.Beta1, step);
        rootBias = Math.Sqrt(1 - Math.Pow(spec.Beta2, step));
    }

    public override Tensor Prepare(in UpdateOperands piece)
    {
        piece.Moments[0].mul_(spec.Beta1).add_(piece.Gradient, 1 - spec.Beta1);
        piece.Moments[1].mul_(spec.Beta2).addcmul_(piece.Gradient, piece.Gradient, 1 - spec.Beta2);
        return DirectionOf(piece);
    }

    // Computing the direction once more is cheaper than keeping one of the shard's size.
    public override void Apply(in UpdateOperands piece, double weights, double prepared) =>
        piece.Weights.add_(DirectionOf(piece), -piece.LearningRate * (weights > 0 && prepared > 0 ? weights / prepared : 1));

    private Tensor DirectionOf(in UpdateOperands piece)
    {
        var root = Root(piece.Temporary, piece.Moments[1], rootBias, spec.Epsilon);
        var direction = piece.Direction.copy_(piece.Moments[0]).div_(root).div_(meanBias);
        return piece.WeightDecay == 0 ? direction : direction.add_(piece.Weights, piece.WeightDecay);
    }
}
