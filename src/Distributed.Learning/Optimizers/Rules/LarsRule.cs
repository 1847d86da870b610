using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// LARS (You et al. 2017): of every tensor the local rate <c>γ = η_trust ‖w‖ / (‖g‖ + λ ‖w‖)</c>, 1 where a norm is 0, and
/// <c>v ← μ v + η γ (g + λ w), w ← w − v</c>.
/// </summary>
internal sealed class LarsRule(OptimizerSpec spec) : LayerwiseRule
{
    public override IReadOnlyList<string> Moments { get; } = ["momentum_buffer"];

    public override bool DecouplesDecay => true;

    public override Tensor Prepare(in UpdateOperands piece) => piece.Gradient;

    public override void Apply(in UpdateOperands piece, double weights, double prepared)
    {
        var local = weights > 0 && prepared > 0 ? spec.TrustCoefficient * weights / (prepared + piece.WeightDecay * weights) : 1;
        var velocity = piece.Moments[0].mul_(spec.Momentum).add_(piece.Gradient, piece.LearningRate * local);
        if (piece.WeightDecay != 0) velocity.add_(piece.Weights, piece.LearningRate * local * piece.WeightDecay);
        piece.Weights.sub_(velocity);
    }
}
