using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>layers(x) + shortcut(x).</summary>
internal sealed class ResidualModule : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> layers;
    private readonly nn.Module<Tensor, Tensor> shortcut;

    public ResidualModule(nn.Module<Tensor, Tensor> layers, nn.Module<Tensor, Tensor> shortcut) : base("Residual")
    {
        this.layers = layers;
        this.shortcut = shortcut;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var inner = layers.call(input);
        using var around = shortcut.call(input);
        return inner + around;
    }
}
