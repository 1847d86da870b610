using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>What one slot's samples gave.</summary>
/// <param name="Samples">Number of samples.</param>
/// <param name="LossSum">Mean loss times samples, before the slot's weight.</param>
/// <param name="Correct">Samples whose class was predicted; 0 where the targets are no classes.</param>
public readonly record struct SlotResult(int Samples, double LossSum, long Correct);

/// <summary>
/// A worker's copy of the model. Its parameters and running statistics are views of one of several flat weight buffers, and the gradients
/// of its parameters views of one of several flat gradient buffers, all in memory of the caller (shared mappings): nothing is copied
/// between torch and the data plane. All views are made once; choosing a buffer costs a few microseconds a parameter. Used by one thread at a time.
/// </summary>
public sealed class ModelReplica : IDisposable
{
    private readonly nn.Module<Tensor, Tensor> module;
    private readonly Parameter[] parameters;
    private readonly Tensor[] tensors;
    private readonly BatchNormModule[] norms;
    private readonly FlatViews[] weights;
    private readonly FlatViews[] gradients;
    private int currentWeights = -1;
    private int currentGradients = -1;

    /// <summary>Takes over a module and lays it over the buffers; it starts with buffer 0 of both. The buffers' content stays as it is.</summary>
    /// <param name="module">A built module with the parameters of <paramref name="layout"/>; the replica disposes it.</param>
    /// <param name="layout">The places in the flat vectors.</param>
    /// <param name="weights">Addresses of one or more buffers of <c>layout.Length</c> floats; only read by the replica.</param>
    /// <param name="gradients">Addresses of buffers of <c>layout.Length</c> floats; none for a replica that only evaluates.</param>
    /// <exception cref="ArgumentException">There is no weight buffer, or module and layout have other parameters.</exception>
    public ModelReplica(
        nn.Module<Tensor, Tensor> module, ParameterLayout layout, IReadOnlyList<IntPtr> weights, IReadOnlyList<IntPtr> gradients)
    {
        if (weights.Count == 0) throw new ArgumentException("expected at least one buffer", nameof(weights));
        if (!ParameterLayout.Of(module).Hash.AsSpan().SequenceEqual(layout.Hash))
            throw new ArgumentException("the layout is of another module", nameof(layout));
        this.module = module;
        parameters = [.. module.parameters()];
        tensors = ParameterLayout.TensorsOf(module);
        norms = [.. RunningStatistics.Norms(module)];
        this.weights = [.. weights.Select(memory => new FlatViews(memory, layout))];
        this.gradients = [.. gradients.Select(memory => new FlatViews(memory, layout))];
        UseWeights(0);
        if (gradients.Count > 0) UseGradients(0);
        module.train();
    }

    /// <summary>Makes the parameters and running statistics views of a weight buffer.</summary>
    /// <param name="buffer">Its index.</param>
    public void UseWeights(int buffer)
    {
        if (buffer == currentWeights) return;
        using var guard = no_grad();
        var views = weights[buffer].Views;
        for (var i = 0; i < tensors.Length; i++) tensors[i].set_(views[i]);
        currentWeights = buffer;
    }

    /// <summary>Makes the parameters' gradients views of a gradient buffer, into which backward then adds.</summary>
    /// <param name="buffer">Its index.</param>
    public void UseGradients(int buffer)
    {
        if (buffer == currentGradients) return;
        var views = gradients[buffer].Views;
        for (var i = 0; i < parameters.Length; i++) parameters[i].grad = views[i];
        currentGradients = buffer;
    }

    /// <summary>Sets a whole gradient buffer, padding included, to zero.</summary>
    /// <param name="buffer">Its index.</param>
    public void ZeroGradients(int buffer) => gradients[buffer].Flat.zero_().Dispose(); // zero_, unlike its like, returns a new wrapper

    /// <summary>Elementwise <c>into = from + into</c>.</summary>
    /// <param name="from">Index of the left operand.</param>
    /// <param name="into">Index of the right operand and of the result.</param>
    public void AddGradients(int from, int into) => gradients[into].Flat.add_(gradients[from].Flat);

    /// <summary>Copies a gradient buffer over another.</summary>
    /// <param name="from">Index of the source.</param>
    /// <param name="into">Index of the target.</param>
    public void CopyGradients(int from, int into) => gradients[into].Flat.copy_(gradients[from].Flat);

    /// <summary>
    /// Forward and backward of one slot in training mode; adds the gradient of <c>weight · mean loss</c> to the current gradient buffer,
    /// and <c>weight · batch statistic</c> where running statistics have their place.
    /// With one torch thread the added bits depend on nothing but the arguments and the weights.
    /// </summary>
    /// <param name="batch">The slot's samples; without samples nothing is computed.</param>
    /// <param name="loss">The job's loss.</param>
    /// <param name="weight">The slot's share of the global batch.</param>
    /// <param name="seed">Seeds torch's process-wide random generator before the forward pass (dropout).</param>
    public SlotResult ComputeSlot(Batch batch, ILossFunction loss, double weight, long seed)
    {
        if (batch.Samples == 0) return default;
        ComputeThread.Enter();
        if (!module.training) module.train();
        using var scope = NewDisposeScope();
        using var generator = manual_seed(seed);
        var outputs = module.call(batch.Inputs);
        var mean = loss.Mean(outputs, batch.Targets);
        (weight == 1 ? mean : mean * weight).backward();
        RunningStatistics.AddBatch(norms, gradients[currentGradients].Views.AsSpan(parameters.Length), weight);
        return new SlotResult(batch.Samples, mean.ToDouble() * batch.Samples, Accuracy.CountCorrect(outputs, batch.Targets));
    }

    /// <summary>The outputs for some inputs with the current weights, in evaluation mode and without gradients.</summary>
    /// <param name="inputs">Float32, or int64 tokens for an embedding, <c>[samples, …input shape]</c>.</param>
    /// <returns>Outputs <c>[samples, …]</c>; they belong to the caller (to its dispose scope, where it has one).</returns>
    public Tensor Forward(Tensor inputs)
    {
        ComputeThread.Enter();
        if (module.training) module.eval();
        using var guard = no_grad();
        return module.call(inputs);
    }

    /// <summary>Frees module and views; the buffers' memory stays.</summary>
    public void Dispose()
    {
        foreach (var views in weights) views.Dispose();
        foreach (var views in gradients) views.Dispose();
        module.Dispose();
    }

    /// <summary>Writes elements [<paramref name="from"/>, <paramref name="from"/> + <paramref name="count"/>) of a module's flat weight vector.</summary>
    /// <param name="module">A built module that still has its own weights.</param>
    /// <param name="layout">Its layout.</param>
    /// <param name="destination">Address of the float that takes element <paramref name="from"/>; padding is written as zeros.</param>
    /// <param name="from">The first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the layout.</exception>
    public static void CopyInitialWeights(
        nn.Module<Tensor, Tensor> module, ParameterLayout layout, IntPtr destination, long from, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, layout.Length - from);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var flat = FlatTensor.Wrap(destination, count);
        flat.zero_();
        foreach (var (entry, tensor) in layout.Entries.Zip(ParameterLayout.TensorsOf(module)))
        {
            var start = Math.Max(from, entry.Offset);
            var length = Math.Min(from + count, entry.Offset + entry.Count) - start;
            if (length > 0) flat.narrow(0, start - from, length).copy_(tensor.reshape(-1).narrow(0, start - entry.Offset, length));
        }
    }
}
