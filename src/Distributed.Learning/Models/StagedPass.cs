using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// One forward and backward pass, stage by stage. Between two stages the graph of the gradients is cut: a stage's backward starts from the
/// gradient of the next stage's inputs, so that after it its parameters' gradients are known to be complete. A fully connected layer at the
/// head of a stage stays out of the graph, and its weights' gradient is written right where it belongs, without memory of its own; a large one
/// is computed in blocks of rows, so that a slow link brings and takes some while others are multiplied. The arithmetic is that of one
/// pass through the whole model, but for a large layer's, whose products have other shapes and whose bias is added to them. Tensors belong to
/// the caller's dispose scope.
/// </summary>
/// <param name="stages">The whole model.</param>
/// <param name="gradients">For each parameter where its gradient belongs, null where that is of another type.</param>
/// <param name="over">Whether gradients are written over what is there; otherwise they are added.</param>
internal sealed class StagedPass(ModelStage[] stages, IReadOnlyList<Tensor?> gradients, bool over)
{
    private const long MostSamplesTurned = 128;

    // A cache line of bfloat16.
    private const long RoomBetweenRows = 32;

    private readonly Tensor[] inputs = new Tensor[stages.Length];
    private readonly Tensor?[] heads = new Tensor?[stages.Length];
    private readonly Tensor[] outputs = new Tensor[stages.Length];

    /// <summary>The model's outputs.</summary>
    /// <param name="batch">Its inputs.</param>
    /// <param name="enter">Called before weights of a stage are read, with the float up to which they are; at last with the stage's end.</param>
    public Tensor Forward(Tensor batch, Action<ModelStage, long> enter)
    {
        var passed = batch;
        for (var s = 0; s < stages.Length; s++)
        {
            var stage = stages[s];
            passed = s == 0 ? passed : passed.detach();
            var layers = stage.Layers;
            var next = 0;
            while (next < stage.Head) passed = layers[next++].call(passed);
            // Of the model's inputs no gradient is needed, so they may be of the layer's type before it.
            if (s == 0 && stage.Head >= 0 && passed.is_floating_point() && passed.dtype != Linear(0).weight!.dtype) passed = passed.to(Linear(0).weight!.dtype);
            inputs[s] = passed;
            if (TakesHead(s))
            {
                using (no_grad()) passed = Head(s, enter);
                heads[s] = passed = passed.requires_grad_();
                next++;
            }
            else
            {
                enter(stage, stage.End);
                if (s > 0) passed.requires_grad_();
            }
            while (next < layers.Count) passed = layers[next++].call(passed);
            outputs[s] = passed;
        }
        return passed;
    }

    /// <summary>Adds the gradient of a loss to that of the parameters.</summary>
    /// <param name="loss">A scalar made of the outputs.</param>
    /// <param name="made">
    /// Called for each stage, from the last to the first, with those of its parameters whose gradients are complete and not where they belong.
    /// </param>
    /// <param name="done">
    /// Called when the gradient of floats [start, end) is where it belongs, from the end of the vector to its start; null where nobody asks.
    /// </param>
    public void Backward(Tensor loss, Action<IEnumerable<int>> made, Action<long, long>? done)
    {
        loss.backward();
        for (var s = stages.Length - 1; s >= 0; s--)
        {
            if (heads[s] is null)
            {
                made(stages[s].Parameters);
                done?.Invoke(stages[s].Start, stages[s].End);
            }
            else
            {
                PutHead(s, made, done);
            }
            if (s == 0 || !outputs[s - 1].requires_grad) continue;
            var gradient = heads[s] is { } head ? head.grad?.mm(Linear(s).weight!.detach()) : inputs[s].grad;
            if (gradient is not null) outputs[s - 1].Backward(gradient);
        }
    }

    private Linear Linear(int s) => (Linear)stages[s].Layers[stages[s].Head];

    // Of more dimensions, or where the layer converts its input, there is more to its gradient.
    private bool TakesHead(int s) =>
        stages[s].Head >= 0 && inputs[s].dim() == 2 && inputs[s].dtype == Linear(s).weight!.dtype
        && stages[s].Parameters.Take(Linear(s).bias is null ? 1 : 2).All(parameter => gradients[parameter] is not null);

    /// <summary>The outputs of a head, block by block as its weights come.</summary>
    private Tensor Head(int s, Action<ModelStage, long> enter)
    {
        var (stage, layer) = (stages[s], Linear(s));
        // Of bfloat16 products the sum with the bias would be rounded once more.
        if (stage.RowsOfABlock is not { } rows || layer.weight!.dtype == ScalarType.BFloat16)
        {
            enter(stage, stage.End);
            return layer.call(inputs[s]);
        }

        var weight = layer.weight!.detach();
        var (height, width) = (weight.size(0), weight.size(1));
        var passed = empty(inputs[s].size(0), height, inputs[s].dtype);
        // Weights are rearranged less on the left, which is a sixth quicker where samples are few, and slower where they are many.
        var turned = inputs[s].size(0) <= MostSamplesTurned ? inputs[s].t().contiguous() : null;
        for (long from = 0, to; from < height; from = to)
        {
            to = Math.Min(from + rows, height);
            enter(stage, stage.Start + to * width);
            var (place, block) = (passed.narrow(1, from, to - from), weight.narrow(0, from, to - from));
            if (turned is null) place.addmm_(inputs[s], block.t(), 0, 1);
            else place.copy_(block.mm(turned).t());
        }
        enter(stage, stage.End);
        return layer.bias is null ? passed : passed.Accumulate(layer.bias);
    }

    /// <summary>The gradients of a head's parameters, its weights' last rows first.</summary>
    private void PutHead(int s, Action<IEnumerable<int>> made, Action<long, long>? done)
    {
        using var guard = no_grad();
        var (stage, layer) = (stages[s], Linear(s));
        var weight = gradients[stage.Parameters[0]]!;
        var bias = layer.bias is null ? null : gradients[stage.Parameters[1]];
        var slope = heads[s]!.grad;
        made(stage.Parameters.Skip(bias is null ? 1 : 2));
        if (bias is not null) Put(bias, slope?.sum(dim: 0), over);
        var end = stage.End;
        var (height, width) = (weight.size(0), weight.size(1));
        var rows = stage.RowsOfABlock ?? height;
        for (var from = (height - 1) / rows * rows; from >= 0; from -= rows)
        {
            var count = Math.Min(rows, height - from);
            var block = weight.narrow(0, from, count);
            var slopes = slope?.narrow(1, from, count).t();
            if (!over || slopes is null) Put(block, slopes?.mm(inputs[s]), over);
            else if (rows < height && block.dtype == ScalarType.BFloat16) PutRows(block, slopes, inputs[s]);
            else block.addmm_(slopes, inputs[s], 0, 1);
            var start = stage.Start + from * width;
            done?.Invoke(start, end);
            end = start;
        }
    }

    /// <summary>
    /// Writes a product of bfloat16 matrices over a block of rows. libtorch's kernel writes a cache line each of some 32 rows in turn, and where rows are a
    /// multiple of 4,096 bytes long, all these lines compete for the same few places of the first cache. So the product is made in memory of
    /// its own with room between the rows, which the second cache holds, and goes from there past the caches.
    /// </summary>
    private static unsafe void PutRows(Tensor block, Tensor left, Tensor right)
    {
        var (height, width, size) = (block.size(0), block.size(1), FlatTensor.BytesOf(block.dtype));
        using var apart = empty(height, width + RoomBetweenRows, block.dtype);
        using var product = apart.narrow(1, 0, width);
        product.addmm_(left, right, 0, 1);
        var (from, to) = (FlatTensor.AddressOf(product), FlatTensor.AddressOf(block));
        for (var row = 0L; row < height; row++)
            NonTemporal.Copy((byte*)from + row * (width + RoomBetweenRows) * size, (byte*)to + row * width * size, width * size);
        NonTemporal.Fence();
    }

    /// <summary>Brings a slot's gradient where it belongs.</summary>
    /// <param name="place">There.</param>
    /// <param name="gradient">Of the same shape; null: zero.</param>
    /// <param name="over">Whether it is written over what is there; otherwise it is added.</param>
    public static void Put(Tensor place, Tensor? gradient, bool over)
    {
        if (gradient is null && over) place.zero_().Dispose(); // zero_, unlike its like, returns a new wrapper
        else if (over) place.copy_(gradient!);
        else if (gradient is not null)
        {
            // Rounded, and then added, as it is where a slot has a buffer for itself.
            using var rounded = gradient.to(place.dtype);
            place.Accumulate(rounded);
        }
    }
}
