using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>How often a model is right.</summary>
public static class Accuracy
{
    private static readonly Scalar Even = 0.ToScalar();
    private static readonly Scalar Half = 0.5f.ToScalar();

    /// <summary>
    /// Counts predictions and those that are right. A class is predicted by the greatest output (the first one, of equal outputs); a
    /// yes-or-no decision by a score above 0. Values are neither right nor wrong: they give no predictions.
    /// </summary>
    /// <param name="outputs">Scores, <c>[samples, classes]</c> or <c>[samples, time, classes]</c>, or one for each decision.</param>
    /// <param name="targets">Int64 class numbers, <c>[samples]</c> or <c>[samples, time]</c>; for decisions above ½ means yes.</param>
    /// <param name="meaning">What the outputs say.</param>
    public static (int Predictions, int Correct) Count(Tensor outputs, Tensor targets, OutputMeaning meaning)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        if (meaning == OutputMeaning.BinaryLogits)
            return ((int)outputs.numel(), Right(outputs.reshape(-1).gt(Even), targets.reshape(-1).gt(Half)));
        return targets.dtype == ScalarType.Int64 && outputs.dim() == targets.dim() + 1
            ? ((int)targets.numel(), Right(outputs.argmax(-1), targets))
            : (0, 0);
    }

    private static int Right(Tensor predicted, Tensor truth) => (int)predicted.eq(truth).sum().Whole();
}
