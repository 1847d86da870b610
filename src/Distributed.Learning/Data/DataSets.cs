using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Makes data sets of what lies in memory. Others implement <see cref="IDataSet"/>.</summary>
public static class DataSets
{
    /// <summary>Samples and their classes.</summary>
    /// <param name="inputs">Float32, <c>[samples, …input shape]</c>, or int64 tokens; the data set takes it over.</param>
    /// <param name="targets">Int64 in [0, <paramref name="classes"/>), <c>[samples]</c> or <c>[samples, time]</c>; taken over, too.</param>
    /// <param name="classes">How many classes there are.</param>
    /// <exception cref="ArgumentException">The tensors are of other types or of different lengths.</exception>
    public static IDataSet OfClasses(Tensor inputs, Tensor targets, int classes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        return Of(inputs, targets, ScalarType.Int64, classes);
    }

    /// <summary>Samples and the values to predict.</summary>
    /// <param name="inputs">Float32, <c>[samples, …input shape]</c>, or int64 tokens; the data set takes it over.</param>
    /// <param name="targets">Float32, <c>[samples, outputs]</c>; taken over, too.</param>
    /// <exception cref="ArgumentException">The tensors are of other types or of different lengths.</exception>
    public static IDataSet OfValues(Tensor inputs, Tensor targets) => Of(inputs, targets, ScalarType.Float32, 0);

    private static TensorDataSet Of(Tensor inputs, Tensor targets, ScalarType target, int classes)
    {
        if (inputs.dtype is not (ScalarType.Float32 or ScalarType.Int64) || inputs.dim() < 2)
            throw new ArgumentException($"expected Float32 or Int64 [samples, …], got {inputs.dtype} {ModelSpec.Shape(inputs.shape)}", nameof(inputs));
        if (targets.dtype != target || targets.dim() == 0 || targets.shape[0] != inputs.shape[0])
            throw new ArgumentException(
                $"expected {target} [{inputs.shape[0]}, …], got {targets.dtype} {ModelSpec.Shape(targets.shape)}", nameof(targets));
        return new TensorDataSet(inputs, targets, classes) { Tokens = inputs.dtype == ScalarType.Int64 ? (int)inputs.max().item<long>() + 1 : 0 };
    }
}
