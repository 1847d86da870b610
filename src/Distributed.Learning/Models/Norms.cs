using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Normalisations for modules that are trained by several workers.</summary>
public static class Norms
{
    /// <summary>
    /// Batch normalisation over [batch, channels, …] with torch's formulas and parameter names. Its running statistics are averaged over all
    /// workers, and are the same for any number of them.
    /// </summary>
    /// <param name="channels">The size of the second dimension.</param>
    /// <param name="momentum">How far a step takes the running statistics towards the batch's, in [0, 1].</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <param name="affine">Whether a weight and a bias for each channel are trained.</param>
    public static nn.Module<Tensor, Tensor> BatchNorm(long channels, double momentum = 0.1, double epsilon = 1e-5, bool affine = true) =>
        new BatchNormModule(channels, momentum, epsilon, affine);
}
