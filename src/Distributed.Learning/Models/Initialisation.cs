using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// How a layer's weights are drawn, by name: <c>init = xavier-uniform</c> or <c>xavier-normal</c> (Glorot and Bengio, 2010),
/// <c>kaiming-uniform</c> or <c>kaiming-normal</c> (He et al., 2015, over the inputs, for rectifiers), <c>uniform</c> within ± <c>init-scale</c>
/// (default 0.1), <c>normal</c> with the standard deviation <c>init-scale</c> (default 0.02), or <c>zeros</c>. Biases become zero with any
/// of them. Without <c>init</c> a layer keeps what torch gives it.
/// </summary>
/// <param name="Scheme">The name.</param>
/// <param name="Scale">Half the range of <c>uniform</c>, the standard deviation of <c>normal</c>.</param>
internal sealed record Initialisation(string Scheme, double Scale = 0)
{
    private const string XavierUniform = "xavier-uniform";
    private const string XavierNormal = "xavier-normal";
    private const string KaimingUniform = "kaiming-uniform";
    private const string KaimingNormal = "kaiming-normal";
    private const string Uniform = "uniform";
    private const string Normal = "normal";
    private const string Zeros = "zeros";

    /// <summary>Reads <c>init</c> and <c>init-scale</c> of a layer; null where there is none.</summary>
    public static Initialisation? Read(SettingsSection section)
    {
        if (!section.Has("init")) return null;
        var scheme = section.OneOf("init", null, XavierUniform, XavierNormal, KaimingUniform, KaimingNormal, Uniform, Normal, Zeros);
        return new(scheme, scheme switch
        {
            Uniform => section.Number("init-scale", 0.1, 0),
            Normal => section.Number("init-scale", 0.02, 0),
            _ => 0,
        });
    }

    /// <summary>Draws the weights (parameters of two and more dimensions) and zeroes the biases.</summary>
    public void Apply(nn.Module module)
    {
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in module.named_parameters())
            if (parameter.dim() >= 2) Draw(parameter);
            else if (name.Contains("bias", StringComparison.Ordinal)) nn.init.zeros_(parameter);
    }

    // Dimensions as in torch: [out, in, …window]. The bounds and deviations are written out: TorchSharp's xavier_normal_ draws uniformly.
    private void Draw(Tensor weight)
    {
        var window = weight.shape.Skip(2).Aggregate(1L, (product, size) => product * size);
        double fanIn = weight.shape[1] * window, fanOut = weight.shape[0] * window;
        switch (Scheme)
        {
            case XavierUniform: Within(Math.Sqrt(6 / (fanIn + fanOut))); break;
            case XavierNormal: Deviating(Math.Sqrt(2 / (fanIn + fanOut))); break;
            case KaimingUniform: Within(Math.Sqrt(6 / fanIn)); break;
            case KaimingNormal: Deviating(Math.Sqrt(2 / fanIn)); break;
            case Uniform: Within(Scale); break;
            case Normal: Deviating(Scale); break;
            case Zeros: nn.init.zeros_(weight); break;
        }

        void Within(double bound) => nn.init.uniform_(weight, -bound, bound);

        void Deviating(double deviation) => nn.init.normal_(weight, 0, deviation);
    }
}

/// <summary>Applies an initialisation where a module is built.</summary>
internal static class InitialisedModule
{
    public static T With<T>(this T module, Initialisation? initialisation) where T : nn.Module
    {
        initialisation?.Apply(module);
        return module;
    }
}
