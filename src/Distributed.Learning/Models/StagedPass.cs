using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// One forward and backward pass, stage by stage. Between two stages the graph of the gradients is cut: a stage's backward starts from the
/// gradient of the next stage's inputs, so that after it its parameters' gradients are known to be complete. A fully connected layer at the
/// head of a stage stays out of the graph, and its weights' gradient is written right where it belongs, without memory of its own. The
/// arithmetic, and its order, is that of one pass through the whole model. Tensors belong to the caller's dispose scope.
/// </summary>
/// <param name="stages">The whole model.</param>
/// <param name="gradients">For each parameter where its gradient belongs, null where that is of another type.</param>
/// <param name="over">Whether gradients are written over what is there; otherwise they are added.</param>
internal sealed class StagedPass(ModelStage[] stages, IReadOnlyList<Tensor?> gradients, bool over)
{
    private readonly Tensor[] inputs = new Tensor[stages.Length];
    private readonly Tensor?[] heads = new Tensor?[stages.Length];
    private readonly Tensor[] outputs = new Tensor[stages.Length];

    /// <summary>The model's outputs.</summary>
    /// <param name="batch">Its inputs.</param>
    /// <param name="enter">Called before each stage, to see to its weights.</param>
    public Tensor Forward(Tensor batch, Action<ModelStage> enter)
    {
        var passed = batch;
        for (var s = 0; s < stages.Length; s++)
        {
            enter(stages[s]);
            passed = s == 0 ? passed : passed.detach();
            var layers = stages[s].Layers;
            var next = 0;
            while (next < stages[s].Head) passed = layers[next++].call(passed);
            inputs[s] = passed;
            if (TakesHead(s))
            {
                using (no_grad()) passed = layers[next++].call(passed);
                heads[s] = passed = passed.requires_grad_();
            }
            else if (s > 0)
            {
                passed.requires_grad_();
            }
            while (next < layers.Count) passed = layers[next++].call(passed);
            outputs[s] = passed;
        }
        return passed;
    }

    /// <summary>Adds the gradient of a loss to that of the parameters.</summary>
    /// <param name="loss">A scalar made of the outputs.</param>
    /// <param name="done">
    /// Called for each stage, from the last to the first, when its gradients are complete, with the number of its parameters whose gradients
    /// are where they belong already.
    /// </param>
    public void Backward(Tensor loss, Action<ModelStage, int> done)
    {
        loss.backward();
        for (var s = stages.Length - 1; s >= 0; s--)
        {
            done(stages[s], heads[s] is null ? 0 : PutHead(s));
            if (s == 0 || !outputs[s - 1].requires_grad) continue;
            var gradient = heads[s] is { } head ? head.grad?.mm(Linear(s).weight!.detach()) : inputs[s].grad;
            if (gradient is not null) outputs[s - 1].backward([gradient]);
        }
    }

    private Linear Linear(int s) => (Linear)stages[s].Layers[stages[s].Head];

    // Of more dimensions, or where the layer converts its input, there is more to its gradient.
    private bool TakesHead(int s) =>
        stages[s].Head >= 0 && inputs[s].dim() == 2 && inputs[s].dtype == Linear(s).weight!.dtype
        && stages[s].Parameters.Take(Linear(s).bias is null ? 1 : 2).All(parameter => gradients[parameter] is not null);

    /// <summary>The gradients of a head's parameters.</summary>
    /// <returns>How many they are.</returns>
    private int PutHead(int s)
    {
        using var guard = no_grad();
        var layer = Linear(s);
        var weight = gradients[stages[s].Parameters[0]]!;
        var bias = layer.bias is null ? null : gradients[stages[s].Parameters[1]];
        var count = bias is null ? 1 : 2;
        if (heads[s]!.grad is not { } slope)
        {
            if (!over) return count;
            weight.zero_().Dispose(); // zero_, unlike its like, returns a new wrapper
            bias?.zero_().Dispose();
        }
        else if (over)
        {
            weight.addmm_(slope.t(), inputs[s], 0, 1);
            bias?.copy_(slope.sum(dim: 0));
        }
        else
        {
            // Rounded, and then added, as wherever a slot has a buffer for itself.
            weight.add_(slope.t().mm(inputs[s]));
            bias?.add_(slope.sum(dim: 0));
        }
        return count;
    }
}
