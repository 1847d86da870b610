using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Adam (Kingma and Ba 2015): <c>m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − η m̂ / (√v̂ + ε)</c> with the bias-corrected
/// <c>m̂ = m / (1 − β₁ᵗ)</c> and <c>v̂ = v / (1 − β₂ᵗ)</c>; AdamW (Loshchilov and Hutter 2019) first shrinks the weights by <c>1 − η λ</c>.
/// What torch does in ten passes over memory takes two loops here, and torch's own square root between them: the bits are those of
/// <c>torch.optim.Adam</c> and <c>AdamW</c>, whose library does not round that root as the processor does.
/// </summary>
internal sealed unsafe class AdamPiece : IOptimizerPiece
{
    private readonly OptimizerSpec spec;
    private readonly bool decouples;
    private readonly OptimizerState state;
    private readonly float* roots;
    private readonly Tensor rootsTensor;

    /// <param name="state">The rule's state of the whole shard.</param>
    /// <param name="room">Scratch that all pieces share, at least as long as the piece.</param>
    public AdamPiece(OptimizerSpec spec, PieceRange range, OptimizerState state, Tensor room)
    {
        this.spec = spec;
        Range = range;
        decouples = spec.Type == OptimizerKinds.AdamW;
        this.state = state;
        rootsTensor = room.narrow(0, 0, range.Floats).DetachFromDisposeScope();
        roots = (float*)FlatTensor.AddressOf(rootsTensor);
    }

    /// <summary>Names of the state tensors: PyTorch's.</summary>
    public static IReadOnlyList<string> Moments { get; } = ["exp_avg", "exp_avg_sq"];

    public PieceRange Range { get; }

    public void Step(IntPtr from, IntPtr to, IShardGradient gradient, in UpdateStep step, IntPtr rounded)
    {
        var (first, second) = gradient.Addends(Range.Start, Range.Floats);
        UpdateMoments((float*)from, (float*)first, (float*)second, step);
        rootsTensor.sqrt_();
        UpdateWeights((float*)from, (float*)to, step);
        if (rounded != 0) Bfloat16.Round((float*)to, (ushort*)rounded, Range.Floats);
    }

    public void Dispose() => rootsTensor.Dispose();

    private float* Means(long steps) => (float*)state.AddressOf(0, steps) + Range.Start;

    private float* Squares(long steps) => (float*)state.AddressOf(1, steps) + Range.Start;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void UpdateMoments(float* weights, float* gradient, float* addend, in UpdateStep step)
    {
        var means = Means(step.Number - 1);
        var nextMeans = Means(step.Number);
        var squares = Squares(step.Number - 1);
        var nextSquares = Squares(step.Number);
        var terms = new GradientTerms(spec, Range.Settings, step.Scale, !decouples);
        var (keepMean, addMean) = (new Vector<float>((float)spec.Beta1), new Vector<float>((float)(1 - spec.Beta1)));
        var (keepSquare, addSquare) = (new Vector<float>((float)spec.Beta2), new Vector<float>((float)(1 - spec.Beta2)));
        var i = 0L;
        for (; i <= Range.Floats - Vector<float>.Count; i += Vector<float>.Count)
        {
            var slope = Vector.Load(gradient + i);
            if (addend != null) slope += Vector.Load(addend + i);
            slope = terms.Of(slope, Vector.Load(weights + i));
            var square = Square(slope, Vector.Load(squares + i));
            Vector.Store(Mean(slope, Vector.Load(means + i)), nextMeans + i);
            Vector.Store(square, nextSquares + i);
            Vector.Store(square, roots + i);
        }

        // The last floats do not fill a vector: one by one, each in all places of one.
        for (; i < Range.Floats; i++)
        {
            var slope = terms.Of(new(addend != null ? gradient[i] + addend[i] : gradient[i]), new(weights[i]));
            nextMeans[i] = Mean(slope, new(means[i]))[0];
            nextSquares[i] = roots[i] = Square(slope, new(squares[i]))[0];
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector<float> Mean(Vector<float> slope, Vector<float> mean) => Vector.FusedMultiplyAdd(slope, addMean, mean * keepMean);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector<float> Square(Vector<float> slope, Vector<float> square) => Vector.FusedMultiplyAdd(addSquare * slope, slope, square * keepSquare);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void UpdateWeights(float* from, float* to, in UpdateStep step)
    {
        var means = Means(step.Number);
        var learningRate = step.LearningRate * Range.Settings.LearningRateFactor;
        var shrinks = decouples && Range.Settings.WeightDecay != 0;
        var shrunk = new Vector<float>((float)(1 - (learningRate * Range.Settings.WeightDecay)));
        var rootBias = new Vector<float>((float)Math.Sqrt(1 - Math.Pow(spec.Beta2, step.Number)));
        var epsilon = new Vector<float>((float)spec.Epsilon);
        var rate = new Vector<float>((float)-(learningRate / (1 - Math.Pow(spec.Beta1, step.Number))));
        var i = 0L;
        for (; i <= Range.Floats - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Weight(Vector.Load(from + i), Vector.Load(means + i), Vector.Load(roots + i)), to + i);
        for (; i < Range.Floats; i++)
            to[i] = Weight(new(from[i]), new(means[i]), new(roots[i]))[0];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector<float> Weight(Vector<float> weight, Vector<float> mean, Vector<float> root) =>
            (shrinks ? weight * shrunk : weight) + (rate * mean / ((root / rootBias) + epsilon));
    }
}
