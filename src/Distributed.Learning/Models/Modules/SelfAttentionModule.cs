using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// softmax(Q Kᵀ / √d) V in every head over [batch, time, width] (Vaswani et al., 2017, equation 1), with torch's fused attention.
/// Parameters have the names, shapes and first values of PyTorch's <c>MultiheadAttention</c>.
/// </summary>
internal sealed class SelfAttentionModule : nn.Module<Tensor, Tensor>
{
    private readonly int heads;
    private readonly bool causal;
    private readonly double dropout;

    [ComponentName(Name = "in_proj_weight")]
    private readonly Parameter inputWeight;

    [ComponentName(Name = "in_proj_bias")]
    private readonly Parameter? inputBias;

    [ComponentName(Name = "out_proj")]
    private readonly Linear output;

    public SelfAttentionModule(long width, int heads, bool causal, double dropout, bool bias) : base("SelfAttention")
    {
        this.heads = heads;
        this.causal = causal;
        this.dropout = dropout;
        inputWeight = nn.Parameter(empty(3 * width, width));
        nn.init.xavier_uniform_(inputWeight);
        register_parameter("in_proj_weight", inputWeight);
        if (bias)
        {
            inputBias = nn.Parameter(zeros(3 * width));
            register_parameter("in_proj_bias", inputBias);
        }
        output = nn.Linear(width, width, bias);
        if (bias) nn.init.zeros_(output.bias!);
        register_module("out_proj", output);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (batch, time, width) = (input.size(0), input.size(1), input.size(2));
        var parts = nn.functional.linear(input, inputWeight, inputBias)
            .view(batch, time, 3, heads, width / heads).permute(2, 0, 3, 1, 4).unbind(0);
        var mixed = nn.functional.scaled_dot_product_attention(
            parts[0], parts[1], parts[2], p: training ? dropout : 0, is_casual: causal);
        return output.call(mixed.transpose(1, 2).reshape(batch, time, width)).MoveToOuterDisposeScope();
    }
}
