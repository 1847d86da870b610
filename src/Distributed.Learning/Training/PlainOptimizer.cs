using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The update of plain training: <c>torch.optim</c> for SGD, Adam and AdamW; for what torch has otherwise or not at all (other rules, groups,
/// clipping), the shards' own optimizer over the module's parameters as one shard.
/// </summary>
internal sealed class PlainOptimizer : IDisposable
{
    private readonly Parameter[] parameters;
    private readonly OptimizerHelper? torchs;
    private readonly ShardOptimizer? own;
    private readonly Tensor? weights;
    private readonly Tensor? gradient;
    private readonly Tensor[] slopes = [];

    /// <exception cref="BadInputException">A group of the optimizer matches no parameter.</exception>
    public PlainOptimizer(OptimizerSpec spec, nn.Module<Tensor, Tensor> module)
    {
        parameters = [.. module.parameters()];
        torchs = OfTorch(spec, parameters);
        if (torchs is not null) return;
        using var guard = no_grad();
        var layout = ParameterLayout.Of(module);
        own = new ShardOptimizer(spec, layout, 0, layout.TrainableLength);
        weights = zeros(layout.TrainableLength).DetachFromDisposeScope();
        gradient = zeros(layout.TrainableLength).DetachFromDisposeScope();
        slopes = [.. Views(gradient)];
        foreach (var (parameter, view) in parameters.Zip(Views(weights)))
        {
            parameter.set_(view.copy_(parameter));
            view.Dispose();
        }

        IEnumerable<Tensor> Views(Tensor flat) =>
            layout.Parameters.Select(entry => flat.narrow(0, entry.Offset, entry.Count).view([.. entry.Shape]).DetachFromDisposeScope());
    }

    /// <summary>Updates the module by the gradients of its parameters.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    public void Step(double learningRate)
    {
        if (torchs is not null)
        {
            foreach (var group in torchs.ParamGroups) group.LearningRate = learningRate;
            torchs.step();
            return;
        }
        using (no_grad())
            foreach (var (parameter, slope) in parameters.Zip(slopes))
                if (parameter.grad is { } known) slope.copy_(known);
                else slope.zero_();
        own!.Step(FlatTensor.AddressOf(weights!), FlatTensor.AddressOf(weights!), FlatTensor.AddressOf(gradient!), learningRate);
    }

    public void Dispose()
    {
        torchs?.Dispose();
        own?.Dispose();
        foreach (var slope in slopes) slope.Dispose();
        weights?.Dispose();
        gradient?.Dispose();
    }

    /// <summary>The same rule by <c>torch.optim</c>, whatever its schedule; null where <c>torch.optim</c> has it not to the bit.</summary>
    internal static OptimizerHelper? OfTorch(OptimizerSpec spec, IEnumerable<Parameter> parameters)
    {
        var plain = new OptimizerSpec(spec.Type, spec.LearningRate)
        {
            Momentum = spec.Momentum,
            Nesterov = spec.Nesterov,
            WeightDecay = spec.WeightDecay,
            Beta1 = spec.Beta1,
            Beta2 = spec.Beta2,
            Epsilon = spec.Epsilon,
            Schedule = spec.Schedule,
            BaseBatch = spec.BaseBatch,
        };
        return (plain == spec ? spec.Type : "") switch
        {
            OptimizerKinds.Sgd => optim.SGD(parameters, spec.LearningRate, spec.Momentum, 0, spec.WeightDecay, spec.Nesterov),
            OptimizerKinds.Adam => optim.Adam(parameters, spec.LearningRate, spec.Beta1, spec.Beta2, spec.Epsilon, spec.WeightDecay),
            OptimizerKinds.AdamW => optim.AdamW(parameters, spec.LearningRate, spec.Beta1, spec.Beta2, spec.Epsilon, spec.WeightDecay),
            _ => null,
        };
    }
}
