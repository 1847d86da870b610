using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Inputs [batch, time, width] plus one vector a position, the parameter <c>weight</c> [time, width].</summary>
internal sealed class PositionalEmbeddingModule : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter weight;

    public PositionalEmbeddingModule(long time, long width) : base("PositionalEmbedding")
    {
        weight = nn.Parameter(zeros(time, width));
        register_parameter("weight", weight);
    }

    public override Tensor forward(Tensor input) => input + weight;
}
