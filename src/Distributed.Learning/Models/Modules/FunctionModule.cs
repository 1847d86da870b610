using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>A module without parameters that is one function of its input, the same in training and evaluation.</summary>
internal sealed class FunctionModule(string name, Func<Tensor, Tensor> function) : nn.Module<Tensor, Tensor>(name)
{
    public override Tensor forward(Tensor input) => function(input);
}
