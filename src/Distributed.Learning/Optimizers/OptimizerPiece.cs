using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>A <c>torch.optim</c> optimizer over one flat parameter: a piece of a shard.</summary>
internal sealed class OptimizerPiece : IDisposable
{
    private readonly OptimizerSpec spec;
    private readonly Parameter parameter;
    private readonly OptimizerHelper optimizer;

    public OptimizerPiece(OptimizerSpec spec, long start, long floats)
    {
        this.spec = spec;
        Start = start;
        Floats = floats;
        using var scope = NewDisposeScope();
        // Its own memory is never written and goes at the first step, when it is laid over the caller's.
        parameter = new Parameter(empty(floats), true);
        parameter.DetachFromDisposeScope();
        optimizer = spec.Create([parameter]);
    }

    public long Start { get; }

    public long Floats { get; }

    public void Step(Tensor from, Tensor to, Tensor gradient)
    {
        using (no_grad())
        {
            if (!ReferenceEquals(from, to)) to.copy_(from);
            parameter.set_(to);
        }
        parameter.grad = gradient;
        optimizer.step();
    }

    /// <summary>The state tensors that exist now, by PyTorch's names.</summary>
    public IReadOnlyList<(string Name, Tensor Value)> State() => optimizer.state_dict().State[0] switch
    {
        SGD.State { momentum_buffer: null } => [],
        SGD.State sgd => [("momentum_buffer", sgd.momentum_buffer)],
        Adam.State adam => [("exp_avg", adam.exp_avg), ("exp_avg_sq", adam.exp_avg_sq)],
        AdamW.State adamw => [("exp_avg", adamw.exp_avg), ("exp_avg_sq", adamw.exp_avg_sq)],
        var other => throw new InvalidOperationException($"no names for the state {other.GetType().Name}"),
    };

    /// <summary>Brings the torch optimizer into the form it has after so many steps: SGD makes its momentum at the first one.</summary>
    public void Prepare(long steps)
    {
        switch (optimizer.state_dict().State[0])
        {
            case SGD.State sgd:
                sgd.momentum_buffer?.Dispose();
                sgd.momentum_buffer = steps > 0 && spec.Momentum != 0 ? empty(Floats).DetachFromDisposeScope() : null;
                break;
            case Adam.State adam:
                adam.step = steps;
                break;
            case AdamW.State adamw:
                adamw.step = steps;
                break;
        }
    }

    public void Dispose()
    {
        optimizer.Dispose();
        parameter.Dispose();
    }
}
