using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Small changes of the inputs that a classifier falls for. The model is a function in evaluation mode that can be differentiated.
/// Changes stay within epsilon at each input (the maximum norm) and within the range of the inputs.
/// </summary>
/// <param name="Model">From inputs to outputs.</param>
/// <param name="Loss">The loss that is made large.</param>
/// <param name="Least">The least value an input can have.</param>
/// <param name="Most">The greatest value an input can have.</param>
public sealed record AdversarialAttack(Func<Tensor, Tensor> Model, ILossFunction Loss, double Least, double Most)
{
    /// <summary>
    /// The fast gradient sign method: one step of epsilon up the loss at every input (Goodfellow, Shlens, Szegedy: Explaining and
    /// harnessing adversarial examples, 2015).
    /// </summary>
    /// <param name="inputs">Float32, <c>[samples, …]</c>.</param>
    /// <param name="targets">What is true.</param>
    /// <param name="epsilon">How far an input may be moved, in its own unit.</param>
    public Tensor FastGradientSign(Tensor inputs, Tensor targets, double epsilon) => Climb(inputs, inputs, targets, epsilon, epsilon);

    /// <summary>
    /// Projected gradient descent on the negative loss: many small steps from a random start, each followed by the way back into the
    /// allowed box (Madry and others: Towards deep learning models resistant to adversarial attacks, 2018).
    /// </summary>
    /// <param name="inputs">Float32, <c>[samples, …]</c>.</param>
    /// <param name="targets">What is true.</param>
    /// <param name="epsilon">How far an input may be moved, in its own unit.</param>
    /// <param name="steps">Number of steps, each 2.5 · epsilon / steps long.</param>
    /// <param name="seed">Draws the start.</param>
    public Tensor ProjectedGradient(Tensor inputs, Tensor targets, double epsilon, int steps, long seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        var noise = (rand(inputs.shape, generator: generator) * 2) - 1;
        var moved = (inputs + (noise * epsilon)).clamp(Least, Most);
        for (var step = 0; step < steps; step++) moved = Climb(moved, inputs, targets, 2.5 * epsilon / steps, epsilon);
        return moved.MoveToOuterDisposeScope();
    }

    private Tensor Climb(Tensor from, Tensor inputs, Tensor targets, double length, double epsilon)
    {
        using var scope = NewDisposeScope();
        var slope = ClassScores.Gradient(from, place => Loss.Mean(Model(place), targets));
        var moved = from + (slope.sign() * length);
        return maximum(minimum(moved, inputs + epsilon), inputs - epsilon).clamp(Least, Most).MoveToOuterDisposeScope();
    }
}
