using System.Numerics;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// SGD with momentum (Sutskever et al., 2013) in one pass: weight decay, momentum, look-ahead and the step itself while an element is in
/// a register, where <c>torch.optim.SGD</c> passes over memory once an operation. Every operation rounds as torch's kernels do (scaled
/// additions are fused multiply-adds, the momentum is multiplied and added), so the bits are those of <c>torch.optim.SGD</c>.
/// </summary>
internal sealed unsafe class SgdPiece(OptimizerSpec spec, long start, long floats) : IOptimizerPiece
{
    private Tensor? momentum;

    public long Start => start;

    public long Floats => floats;

    public void Step(IntPtr from, IntPtr to, IntPtr gradient)
    {
        var first = momentum is null;
        if (spec.Momentum != 0) momentum ??= Empty();
        Step((float*)from, (float*)to, (float*)gradient, momentum is null ? null : (float*)momentum.storage<float>().data_ptr(), first);
    }

    public IReadOnlyList<(string Name, Tensor Value)> State() => momentum is null ? [] : [("momentum_buffer", momentum)];

    public void Prepare(long steps)
    {
        momentum?.Dispose();
        momentum = steps > 0 && spec.Momentum != 0 ? Empty() : null;
    }

    public void Dispose() => momentum?.Dispose();

    private Tensor Empty() => empty(floats).DetachFromDisposeScope();

    private void Step(float* from, float* to, float* gradient, float* velocity, bool first)
    {
        var (rate, keep, decay) = ((float)-spec.LearningRate, (float)spec.Momentum, (float)spec.WeightDecay);
        var i = 0L;
        for (; i <= floats - Vector<float>.Count; i += Vector<float>.Count)
        {
            var weight = Vector.Load(from + i);
            var direction = Vector.Load(gradient + i);
            if (decay != 0) direction = Vector.FusedMultiplyAdd(weight, new Vector<float>(decay), direction);
            if (velocity != null)
            {
                // The first gradient is the momentum as it is: torch clones it, and 0 + −0 would be another zero.
                var speed = first ? direction : (Vector.Load(velocity + i) * keep) + direction;
                Vector.Store(speed, velocity + i);
                direction = spec.Nesterov ? Vector.FusedMultiplyAdd(speed, new Vector<float>(keep), direction) : speed;
            }
            Vector.Store(Vector.FusedMultiplyAdd(direction, new Vector<float>(rate), weight), to + i);
        }

        for (; i < floats; i++)
        {
            var weight = from[i];
            var direction = gradient[i];
            if (decay != 0) direction = MathF.FusedMultiplyAdd(weight, decay, direction);
            if (velocity != null)
            {
                var speed = first ? direction : (velocity[i] * keep) + direction;
                velocity[i] = speed;
                direction = spec.Nesterov ? MathF.FusedMultiplyAdd(speed, keep, direction) : speed;
            }
            to[i] = MathF.FusedMultiplyAdd(direction, rate, weight);
        }
    }
}
