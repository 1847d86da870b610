using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Swaps two dimensions of a sample: <c>transpose</c>, or <c>{ type = transpose, dims = [0, 1] }</c>. Between [time, features] of
/// embeddings, recurrent layers and attention and the [channels, length] of convolutions.
/// </summary>
internal sealed record TransposeLayer(int First = 0, int Second = 1) : LayerSpec
{
    public const string Name = "transpose";

    public override string Type => Name;

    public static TransposeLayer Read(SettingsSection section)
    {
        var dims = section.Integers("dims", [0, 1], 0, 5);
        return dims.Count == 2 && dims[0] != dims[1] ? new TransposeLayer((int)dims[0], (int)dims[1])
            : throw section.Error("dims", $"expected two different dimensions, got {ModelSpec.Shape(dims)}");
    }

    internal override LayerFit Fit(IReadOnlyList<long> input)
    {
        if (input.Count <= Math.Max(First, Second)) return LayerFit.Fails($"at least {Math.Max(First, Second) + 1} dimensions");
        long[] output = [.. input];
        (output[First], output[Second]) = (output[Second], output[First]);
        return LayerFit.Gives(output);
    }

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        new FunctionModule(Name, samples => samples.transpose(First + 1, Second + 1));
}
