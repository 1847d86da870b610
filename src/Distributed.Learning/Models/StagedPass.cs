using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// One forward and backward pass, stage by stage. Between two stages the graph of the gradients is cut: a stage's backward starts from the
/// gradient of the next stage's inputs, so that after it its parameters' gradients are known to be complete. The arithmetic, and its order,
/// is that of one pass through the whole model. Tensors belong to the caller's dispose scope.
/// </summary>
internal sealed class StagedPass(ModelStage[] stages)
{
    private readonly Tensor[] inputs = new Tensor[stages.Length];
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
            inputs[s] = passed = s == 0 ? passed : passed.detach().requires_grad_();
            foreach (var layer in stages[s].Layers) passed = layer.call(passed);
            outputs[s] = passed;
        }
        return passed;
    }

    /// <summary>Adds the gradient of a loss to that of the parameters.</summary>
    /// <param name="loss">A scalar made of the outputs.</param>
    /// <param name="done">Called for each stage, from the last to the first, when its gradients are complete.</param>
    public void Backward(Tensor loss, Action<ModelStage> done)
    {
        loss.backward();
        done(stages[^1]);
        for (var s = stages.Length - 1; s > 0; s--)
        {
            if (inputs[s].grad is { } gradient && outputs[s - 1].requires_grad) outputs[s - 1].backward([gradient]);
            done(stages[s - 1]);
        }
    }
}
