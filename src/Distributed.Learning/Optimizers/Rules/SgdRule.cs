namespace Distributed.Learning;

/// <summary>
/// Stochastic gradient descent: <c>w ← w − η g</c>; with momentum <c>v ← μ v + g, w ← w − η v</c>, and Nesterov's look ahead
/// <c>w ← w − η (g + μ v)</c> (Sutskever et al. 2013, as <c>torch.optim.SGD</c> has it).
/// </summary>
internal sealed class SgdRule(OptimizerSpec spec) : UpdateRule
{
    private bool first;

    public override IReadOnlyList<string> Moments { get; } = spec.Momentum == 0 ? [] : ["momentum_buffer"];

    public override void Begin(long step) => first = step == 1;

    public override void Update(in UpdateOperands piece)
    {
        var direction = piece.Gradient;
        if (spec.Momentum != 0)
        {
            var velocity = piece.Moments[0];
            if (first) velocity.copy_(piece.Gradient);
            else velocity.mul_(spec.Momentum).add_(piece.Gradient);
            direction = spec.Nesterov ? piece.Temporary.copy_(piece.Gradient).add_(velocity, spec.Momentum) : velocity;
        }
        piece.Weights.add_(direction, -piece.LearningRate);
    }
}
