using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// What a rule computes with: one piece of a shard. All tensors are flat and of one length.
/// </summary>
/// <param name="Weights">The weights before, which become the weights after.</param>
/// <param name="Gradient">The clipped gradient with its penalties; not to be changed.</param>
/// <param name="Moments">The rule's state, in the order of <see cref="UpdateRule.Moments"/>.</param>
/// <param name="Temporary">Room that holds nothing; a rule that needs no gradient any more may also use <paramref name="Direction"/>.</param>
/// <param name="Direction">Room that may be the gradient's own.</param>
/// <param name="LearningRate">The step's rate for this piece.</param>
/// <param name="WeightDecay">The piece's decoupled weight decay.</param>
internal readonly record struct UpdateOperands(
    Tensor Weights, Tensor Gradient, Tensor[] Moments, Tensor Temporary, Tensor Direction, double LearningRate, double WeightDecay);

/// <summary>
/// The arithmetic of one optimizer in a few torch operations. Every element is computed by itself, in place and without new tensors;
/// the operations are those of <c>torch.optim</c>, in its order, where it has the rule.
/// </summary>
internal abstract class UpdateRule
{
    /// <summary>Names of the state tensors, those of PyTorch where it has the rule.</summary>
    public abstract IReadOnlyList<string> Moments { get; }

    /// <summary>Whether the rule sees to weight decay itself instead of finding it in the gradient.</summary>
    public virtual bool DecouplesDecay => false;

    /// <summary>Called once before the pieces of an update.</summary>
    /// <param name="step">Its number, counted from 1.</param>
    public virtual void Begin(long step)
    {
    }

    /// <summary>Updates one piece.</summary>
    public abstract void Update(in UpdateOperands piece);

    /// <summary>Makes <paramref name="room"/> √<paramref name="square"/> / <paramref name="divisor"/> + ε.</summary>
    protected static Tensor Root(Tensor room, Tensor square, double divisor, double epsilon)
    {
        room.copy_(square).sqrt_();
        return (divisor == 1 ? room : room.div_(divisor)).add_(epsilon);
    }
}

/// <summary>A rule whose step of a tensor also depends on two norms of that tensor, of the parts on other shards, too.</summary>
internal abstract class LayerwiseRule : UpdateRule
{
    /// <summary>Sees to whatever needs no norms, and returns the tensor whose norm counts beside that of the weights.</summary>
    public abstract Tensor Prepare(in UpdateOperands piece);

    /// <summary>Updates one piece of a tensor once its norms are known; the weights are those that <see cref="Prepare"/> saw.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="weights">The norm of the whole tensor's weights.</param>
    /// <param name="prepared">The norm of all that <see cref="Prepare"/> returned for the tensor.</param>
    public abstract void Apply(in UpdateOperands piece, double weights, double prepared);

    /// <summary>Updates a piece whose step does not depend on norms.</summary>
    public override void Update(in UpdateOperands piece)
    {
        Prepare(piece);
        // A norm of 0 stands for "no ratio" in both rules.
        Apply(piece, 0, 0);
    }
}
