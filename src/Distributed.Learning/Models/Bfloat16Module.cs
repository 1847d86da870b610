using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Makes a built module compute in bfloat16. Each layer takes whatever its neighbours give it in the type of its own parameters. Some layers
/// stay float32: those that add many small numbers up in the type of their parameters (embeddings, norms), those whose result has to be fine
/// (softmax), those that libtorch computes more slowly in bfloat16 (transposed convolutions), and classes of a program's own with all that
/// is inside: their forward pass may mix types, and some calls of TorchSharp end the process then.
/// </summary>
public static class Bfloat16Module
{
    /// <summary>Converts parameters, which get new values, and has every layer convert its inputs.</summary>
    /// <param name="module">A built module that no other code holds parameters of.</param>
    public static void Convert(nn.Module module)
    {
        if (StaysFloat32(module))
        {
            // Norms take bfloat16 and compute in float32 all the same.
            if (!TakesBoth(module)) Take(module, ScalarType.Float32);
            return;
        }
        // A recurrent module's parameters are those of the torch module inside it, whose inputs it passes on.
        if (module is RecurrentModule || module.named_parameters(recurse: false).Any())
        {
            module.to(ScalarType.BFloat16);
            foreach (var inside in Inside(module).Where(StaysFloat32)) inside.to(ScalarType.Float32);
            Take(module, ScalarType.BFloat16);
        }
        foreach (var (_, child) in module.named_children()) Convert(child);
    }

    private static bool StaysFloat32(nn.Module module) => TakesBoth(module)
        || IsOfProgram(module) || module is Embedding or EmbeddingBag or ConvTranspose1d or ConvTranspose2d or ConvTranspose3d or Softmax or LogSoftmax or Softmax2d;

    private static bool TakesBoth(nn.Module module) =>
        module is BatchNormModule or LayerNorm or GroupNorm or InstanceNorm1d or InstanceNorm2d or InstanceNorm3d;

    private static bool IsOfProgram(nn.Module module) =>
        module.GetType().Assembly is var of && of != typeof(Linear).Assembly && of != typeof(Bfloat16Module).Assembly;

    private static IEnumerable<nn.Module> Inside(nn.Module module) =>
        module.named_children().SelectMany(child => Inside(child.module).Prepend(child.module));

    private static void Take(nn.Module module, ScalarType type)
    {
        // Token numbers are no floats.
        if (module is nn.Module<Tensor, Tensor> layer)
            layer.register_forward_pre_hook((_, input) => input.is_floating_point() && input.dtype != type ? input.to(type) : input);
    }
}
