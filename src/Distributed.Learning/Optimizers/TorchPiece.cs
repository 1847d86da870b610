using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>A <c>torch.optim</c> optimizer over one flat parameter: a piece of a shard.</summary>
internal sealed class TorchPiece : IOptimizerPiece
{
    private readonly Parameter parameter;
    private readonly OptimizerHelper optimizer;

    // A shard has two weight buffers and few gradient buffers; tensors over them are made once and kept.
    private const int MostKept = 16;
    private readonly Dictionary<IntPtr, Tensor> kept = [];

    public TorchPiece(OptimizerSpec spec, long start, long floats)
    {
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

    public void Step(IntPtr from, IntPtr to, IntPtr gradient)
    {
        if (kept.Count > MostKept) Forget();
        var (before, after) = (Over(from), Over(to));
        using (no_grad())
        {
            if (from != to) after.copy_(before);
            parameter.set_(after);
        }
        parameter.grad = Over(gradient);
        optimizer.step();
    }

    public IReadOnlyList<(string Name, Tensor Value)> State() => optimizer.state_dict().State[0] switch
    {
        Adam.State adam => [("exp_avg", adam.exp_avg), ("exp_avg_sq", adam.exp_avg_sq)],
        AdamW.State adamw => [("exp_avg", adamw.exp_avg), ("exp_avg_sq", adamw.exp_avg_sq)],
        var other => throw new InvalidOperationException($"no names for the state {other.GetType().Name}"),
    };

    public void Prepare(long steps)
    {
        switch (optimizer.state_dict().State[0])
        {
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
        Forget();
        optimizer.Dispose();
        parameter.Dispose();
    }

    private Tensor Over(IntPtr memory)
    {
        if (!kept.TryGetValue(memory, out var tensor)) kept[memory] = tensor = FlatTensor.Wrap(memory, Floats);
        return tensor;
    }

    private void Forget()
    {
        foreach (var tensor in kept.Values) tensor.Dispose();
        kept.Clear();
    }
}
