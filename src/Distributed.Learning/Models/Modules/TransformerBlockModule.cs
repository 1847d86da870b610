using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A pre-norm transformer block over [batch, time, width]. Parameters have the names and shapes of PyTorch's
/// <c>TransformerEncoderLayer(width, heads, mlp · width, dropout, activation = "gelu", batch_first = True, norm_first = True)</c>, and dropout
/// acts where it does there: on the attention's weights, inside the perceptron and on both parts' results.
/// </summary>
internal sealed class TransformerBlockModule : nn.Module<Tensor, Tensor>
{
    private readonly double dropout;

    [ComponentName(Name = "self_attn")]
    private readonly SelfAttentionModule attention;

    [ComponentName(Name = "linear1")]
    private readonly Linear widen;

    [ComponentName(Name = "linear2")]
    private readonly Linear narrow;

    [ComponentName(Name = "norm1")]
    private readonly LayerNorm normBefore;

    [ComponentName(Name = "norm2")]
    private readonly LayerNorm normBetween;

    public TransformerBlockModule(long width, int heads, int mlp, double dropout, bool causal) : base("TransformerBlock")
    {
        this.dropout = dropout;
        attention = new SelfAttentionModule(width, heads, causal, dropout, bias: true);
        widen = nn.Linear(width, mlp * width);
        narrow = nn.Linear(mlp * width, width);
        normBefore = nn.LayerNorm(width);
        normBetween = nn.LayerNorm(width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var attended = input + Drop(attention.call(normBefore.call(input)));
        var hidden = nn.functional.gelu(widen.call(normBetween.call(attended)));
        return (attended + Drop(narrow.call(Drop(hidden)))).MoveToOuterDisposeScope();
    }

    private Tensor Drop(Tensor values) => dropout > 0 && training ? nn.functional.dropout(values, dropout) : values;
}
