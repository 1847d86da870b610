using System.Numerics;
using System.Runtime.CompilerServices;

namespace Distributed.Learning;

/// <summary>
/// What becomes of a gradient before a rule sees it, in a register: clipped by value, scaled, with the penalties of the weights. Every operation
/// rounds as torch's kernels do.
/// </summary>
/// <param name="decays">Whether the weight decay is a penalty; otherwise the rule sees to it.</param>
internal readonly struct GradientTerms(OptimizerSpec spec, PieceSettings settings, double scale, bool decays)
{
    private readonly bool clips = spec.ClipValue is not null;
    private readonly bool scales = scale != 1;
    private readonly bool decays = decays && settings.WeightDecay != 0;
    private readonly bool shrinks = settings.L1 != 0;
    private readonly Vector<float> bound = new((float)(spec.ClipValue ?? 0));
    private readonly Vector<float> scale = new((float)scale);
    private readonly Vector<float> decay = new((float)settings.WeightDecay);
    private readonly Vector<float> l1 = new((float)settings.L1);

    /// <summary>Whether the rule sees the gradient as it is.</summary>
    public bool AreNone => !clips && !scales && !decays && !shrinks;

    /// <summary>The gradient that the rule sees.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Of(Vector<float> gradient, Vector<float> weight)
    {
        if (clips) gradient = Vector.Min(Vector.Max(gradient, -bound), bound);
        if (scales) gradient *= scale;
        if (decays) gradient = Vector.FusedMultiplyAdd(weight, decay, gradient);
        if (shrinks) gradient += Vector.ConditionalSelect(Vector.Equals(weight, Vector<float>.Zero), Vector<float>.Zero, Vector.CopySign(l1, weight));
        return gradient;
    }
}
