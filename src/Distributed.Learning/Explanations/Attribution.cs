using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// How much each input has to do with a class's score. The model is a function in evaluation mode that can be differentiated; results
/// have the shape of the inputs and belong to the caller's dispose scope.
/// </summary>
public static class Attribution
{
    /// <summary>
    /// The slope of the score by each input, without its sign (Simonyan, Vedaldi, Zisserman: Deep inside convolutional networks, 2014).
    /// </summary>
    /// <param name="model">From inputs to scores.</param>
    /// <param name="inputs">Float32, <c>[samples, …]</c>.</param>
    /// <param name="classes">The class asked about, <c>[samples]</c>.</param>
    public static Tensor Saliency(Func<Tensor, Tensor> model, Tensor inputs, Tensor classes) => Slope(model, inputs, classes).abs();

    /// <summary>
    /// Integrated gradients (Sundararajan, Taly, Yan: Axiomatic attribution for deep networks, 2017): the slope along the straight way
    /// from a baseline to the input, times that way. A sample's attributions add up to its score less the baseline's.
    /// </summary>
    /// <param name="model">From inputs to scores.</param>
    /// <param name="inputs">Float32, <c>[samples, …]</c>.</param>
    /// <param name="classes">The class asked about, <c>[samples]</c>.</param>
    /// <param name="baseline">The value of an input that says nothing, such as black.</param>
    /// <param name="steps">Points on the way at whose middles the slope is taken.</param>
    public static Tensor IntegratedGradients(Func<Tensor, Tensor> model, Tensor inputs, Tensor classes, double baseline, int steps = 32)
    {
        using var scope = NewDisposeScope();
        var way = inputs - baseline;
        var total = zeros_like(inputs);
        for (var step = 0; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            total.add_(Slope(model, baseline + (way * ((step + 0.5) / steps)), classes));
        }
        return (total / steps * way).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// By how much the score falls when a square of an image is covered (Zeiler, Fergus: Visualizing and understanding convolutional
    /// networks, 2014), as the mean over all squares that cover a pixel.
    /// </summary>
    /// <param name="model">From inputs to scores.</param>
    /// <param name="inputs">Float32, <c>[samples, channels, height, width]</c>.</param>
    /// <param name="classes">The class asked about, <c>[samples]</c>.</param>
    /// <param name="baseline">What squares are covered with.</param>
    /// <param name="size">The side of a square in pixels.</param>
    /// <param name="stride">How far apart squares lie.</param>
    public static Tensor Occlusion(Func<Tensor, Tensor> model, Tensor inputs, Tensor classes, double baseline, int size = 5, int stride = 2)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var whole = ClassScores.Of(model(inputs), classes);
        var fall = zeros_like(inputs);
        var covers = zeros_like(inputs);
        foreach (var top in Places(inputs.shape[2], size, stride))
            foreach (var left in Places(inputs.shape[3], size, stride))
            {
                using var inner = NewDisposeScope();
                var covered = inputs.clone();
                Square(covered, top, left, size).fill_(baseline);
                var lost = whole - ClassScores.Of(model(covered), classes);
                Square(fall, top, left, size).add_(lost.view(-1, 1, 1, 1));
                Square(covers, top, left, size).add_(1);
            }
        return (fall / covers.clamp_min(1)).MoveToOuterDisposeScope();
    }

    private static Tensor Slope(Func<Tensor, Tensor> model, Tensor inputs, Tensor classes) =>
        ClassScores.Gradient(inputs, place => ClassScores.Of(model(place), classes).sum());

    private static Tensor Square(Tensor images, long top, long left, int size) => images
        .narrow(2, top, Math.Min(size, images.shape[2] - top)).narrow(3, left, Math.Min(size, images.shape[3] - left));

    // The last square ends at the edge, so that every pixel is covered.
    private static IEnumerable<long> Places(long length, int size, int stride)
    {
        var last = Math.Max(0, length - size);
        for (var place = 0L; place < last; place += stride) yield return place;
        yield return last;
    }
}
