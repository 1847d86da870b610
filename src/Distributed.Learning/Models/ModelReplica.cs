using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>What one slot's samples gave.</summary>
/// <param name="Samples">Number of samples.</param>
/// <param name="LossSum">Mean loss times samples, before the slot's weight.</param>
/// <param name="Predictions">Predictions that are right or wrong (samples, tokens, decisions); 0 where values are predicted.</param>
/// <param name="Correct">How many of them are right.</param>
public readonly record struct SlotResult(int Samples, double LossSum, int Predictions, int Correct);

/// <summary>
/// A worker's copy of the model. Its parameters are views of one of several flat weight buffers, and the gradients of its parameters
/// views of one of several flat gradient buffers, all in memory of the caller (shared mappings): nothing is copied between torch and
/// the data plane. All views are made once; choosing a buffer costs a few microseconds a parameter. Used by one thread at a time.
/// </summary>
public sealed class ModelReplica : IDisposable
{
    private readonly nn.Module<Tensor, Tensor> module;
    private readonly Parameter[] parameters;
    private readonly string[] names;
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
        names = [.. layout.Entries.Select(entry => entry.Name)];
        this.weights = [.. weights.Select(memory => new FlatViews(memory, layout))];
        this.gradients = [.. gradients.Select(memory => new FlatViews(memory, layout))];
        UseWeights(0);
        if (gradients.Count > 0) UseGradients(0);
        module.train();
    }

    /// <summary>Makes the parameters views of a weight buffer.</summary>
    /// <param name="buffer">Its index.</param>
    public void UseWeights(int buffer)
    {
        if (buffer == currentWeights) return;
        using var guard = no_grad();
        var views = weights[buffer].Views;
        for (var i = 0; i < parameters.Length; i++) parameters[i].set_(views[i]);
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
    /// Forward and backward of one slot in training mode; adds the gradient of <c>weight · mean loss</c> to the current gradient buffer.
    /// With one torch thread the added bits depend on nothing but the arguments and the weights.
    /// </summary>
    /// <param name="batch">The slot's samples; without samples nothing is computed.</param>
    /// <param name="loss">The job's loss.</param>
    /// <param name="weight">The slot's share of the global batch.</param>
    /// <param name="seed">Seeds torch's process-wide random generator before the forward pass (dropout).</param>
    /// <param name="meaning">What the outputs say, for counting those that are right.</param>
    public SlotResult ComputeSlot(Batch batch, ILossFunction loss, double weight, long seed, OutputMeaning meaning = OutputMeaning.Logits)
    {
        if (batch.Samples == 0) return default;
        ComputeThread.Enter();
        if (!module.training) module.train();
        using var scope = NewDisposeScope();
        using var generator = manual_seed(seed);
        var outputs = module.call(batch.Inputs);
        var mean = loss.Mean(outputs, batch.Targets);
        (weight == 1 ? mean : mean * weight).backward();
        var (predictions, correct) = Accuracy.Count(outputs, batch.Targets, meaning);
        return new SlotResult(batch.Samples, mean.ToDouble() * batch.Samples, predictions, correct);
    }

    /// <summary>The outputs for some inputs with the current weights, in evaluation mode and without gradients.</summary>
    /// <param name="inputs">Float32, <c>[samples, …input shape]</c>.</param>
    /// <returns>Outputs <c>[samples, …]</c>; they belong to the caller (to its dispose scope, where it has one).</returns>
    public Tensor Forward(Tensor inputs)
    {
        ComputeThread.Enter();
        if (module.training) module.eval();
        using var guard = no_grad();
        return module.call(inputs);
    }

    /// <summary>The outputs for some inputs in evaluation mode, differentiable by the inputs; the weights' gradients are left alone.</summary>
    /// <param name="inputs">Float32, <c>[samples, …input shape]</c>.</param>
    public Tensor Differentiable(Tensor inputs)
    {
        ComputeThread.Enter();
        if (module.training) module.eval();
        return module.call(inputs);
    }

    /// <summary>The first parameter with a weight that is infinite or not a number; null when there is none.</summary>
    /// <param name="buffer">Index of the weight buffer.</param>
    public string? FirstNotFiniteWeight(int buffer) => FirstNotFinite(weights[buffer]);

    /// <summary>The first parameter with a gradient that is infinite or not a number; null when there is none.</summary>
    /// <param name="buffer">Index of the gradient buffer.</param>
    public string? FirstNotFiniteGradient(int buffer) => FirstNotFinite(gradients[buffer]);

    private string? FirstNotFinite(FlatViews views)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var found = Array.FindIndex(views.Views, view => !view.isfinite().all().ToBoolean());
        return found < 0 ? null : names[found];
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
        foreach (var (entry, parameter) in layout.Entries.Zip(module.parameters()))
        {
            var start = Math.Max(from, entry.Offset);
            var length = Math.Min(from + count, entry.Offset + entry.Count) - start;
            if (length > 0) flat.narrow(0, start - from, length).copy_(parameter.reshape(-1).narrow(0, start - entry.Offset, length));
        }
    }
}
