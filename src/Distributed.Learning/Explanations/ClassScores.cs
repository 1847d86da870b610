using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>One number a sample that a class's score depends on, and its slope: what attacks and explanations start from.</summary>
internal static class ClassScores
{
    /// <summary>The output of each sample's class, <c>[samples]</c>; a single output speaks for class 1 and against class 0.</summary>
    /// <param name="outputs"><c>[samples, classes]</c>, or <c>[samples]</c> or <c>[samples, 1]</c> for a decision.</param>
    /// <param name="classes">Int64 class numbers, <c>[samples]</c>.</param>
    public static Tensor Of(Tensor outputs, Tensor classes)
    {
        var rows = outputs.reshape(classes.shape[0], -1);
        return rows.shape[1] == 1 ? rows.select(1, 0) * ((classes * 2) - 1) : rows.gather(1, classes.unsqueeze(1)).select(1, 0);
    }

    /// <summary>The gradient of a sum by the inputs.</summary>
    /// <param name="inputs">The place at which it is wanted.</param>
    /// <param name="sum">From inputs to a scalar.</param>
    public static Tensor Gradient(Tensor inputs, Func<Tensor, Tensor> sum)
    {
        using var grad = enable_grad();
        var place = inputs.detach().clone().requires_grad_(true);
        return autograd.grad([sum(place)], [place])[0].detach();
    }

    /// <summary>The class that a model predicts for each sample, <c>[samples]</c>.</summary>
    public static Tensor Predicted(Tensor outputs)
    {
        var rows = outputs.reshape(outputs.shape[0], -1);
        return rows.shape[1] == 1 ? rows.select(1, 0).gt(0).to_type(ScalarType.Int64) : rows.argmax(1);
    }
}
