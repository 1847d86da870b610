using System.Globalization;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Branches over one input whose outputs are concatenated along a dimension, or added where there is none.</summary>
internal sealed class ParallelModule : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor>[] branches;
    private readonly int? dim;

    /// <param name="branches">Two or more; registered as <c>branches.0</c>, <c>branches.1</c>, …</param>
    /// <param name="dim">The dimension of a batch, not of a sample; null adds.</param>
    public ParallelModule(nn.Module<Tensor, Tensor>[] branches, int? dim) : base("Parallel")
    {
        this.branches = branches;
        this.dim = dim;
        // A Sequential only for the names: it is never called.
        register_module("branches", nn.Sequential([.. branches.Select((branch, i) => (i.ToString(CultureInfo.InvariantCulture), branch))]));
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor[] outputs = [.. branches.Select(branch => branch.call(input))];
        return (dim is { } along ? cat(outputs, along) : outputs.Aggregate((sum, output) => sum + output)).MoveToOuterDisposeScope();
    }
}
