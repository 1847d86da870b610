using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Brings outputs and targets of a loss into the shapes that it computes with.</summary>
internal static class ClassTargets
{
    /// <summary>
    /// Scores as <c>[positions, classes]</c> and class numbers as <c>[positions]</c>: every element of a sequence
    /// (outputs <c>[samples, time, classes]</c>, targets <c>[samples, time]</c>) is a position of its own.
    /// </summary>
    public static (Tensor Outputs, Tensor Targets) Positions(Tensor outputs, Tensor targets) =>
        (outputs.dim() == 2 ? outputs.alias() : outputs.reshape(-1, outputs.size(-1)), targets.reshape(-1));

    /// <summary>
    /// Targets as numbers of the outputs' type and shape. Class numbers of two or more outputs a sample become one-hot vectors.
    /// </summary>
    public static Tensor Like(Tensor outputs, Tensor targets)
    {
        using var wanted = targets.dtype == ScalarType.Int64 && targets.numel() != outputs.numel()
            ? nn.functional.one_hot(targets, outputs.size(-1))
            : targets.view(outputs.shape);
        return wanted.to_type(outputs.dtype);
    }
}
