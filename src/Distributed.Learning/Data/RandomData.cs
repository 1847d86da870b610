using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Inputs and classes without any pattern, for benchmarks: nothing is read and nothing can be learnt.</summary>
internal static class RandomData
{
    /// <summary>Normal inputs of variance 1 and uniform classes; the same for the same seed.</summary>
    /// <param name="samples">How many.</param>
    /// <param name="shape">The shape of one input.</param>
    /// <param name="classes">How many classes.</param>
    /// <param name="seed">Where the generator starts; torch's own generator is not touched.</param>
    public static IDataSet Create(int samples, IReadOnlyList<long> shape, int classes, ulong seed)
    {
        using var generator = new Generator(SplitMix64.Mix(seed), CPU);
        var inputs = randn([samples, .. shape], dtype: ScalarType.Float32, generator: generator);
        var targets = randint(0, classes, [samples], dtype: ScalarType.Int64, generator: generator);
        return new TensorDataSet(inputs, targets, classes, Pixels.Plain);
    }
}
