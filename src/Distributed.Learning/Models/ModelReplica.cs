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
/// A worker's copy of the model. Its parameters and running statistics are views of one of several flat weight buffers, and the gradients
/// of its parameters views of one of several flat gradient buffers, all in memory of the caller (shared mappings): nothing is copied
/// between torch and the data plane. All views are made once; choosing a buffer costs a few microseconds a parameter. Used by one thread at a time.
/// </summary>
public sealed class ModelReplica : IDisposable
{
    private readonly nn.Module<Tensor, Tensor> module;
    private readonly Parameter[] parameters;
    private readonly string[] names;
    private readonly Tensor[] tensors;
    private readonly BatchNormModule[] norms;
    private readonly ModelStage[] whole;
    private readonly ModelStage[] large;
    private readonly ModelStage[] stages;
    private readonly bool[] direct;
    private readonly FlatViews[] weights;
    private readonly FlatViews[] gradients;
    private readonly Tensor?[][] places;
    private readonly bool[] zeroed;
    private readonly bool keepsModule;
    private int currentWeights = -1;
    private int currentGradients = -1;

    /// <summary>Takes over a module and lays it over the buffers; it starts with buffer 0 of both. The buffers' content stays as it is.</summary>
    /// <param name="module">A built module with the parameters of <paramref name="layout"/>; the replica disposes it.</param>
    /// <param name="layout">The places in the flat vectors.</param>
    /// <param name="weights">Addresses of one or more buffers in the layout's format; only read by the replica.</param>
    /// <param name="gradients">Addresses of such buffers; none for a replica that only evaluates.</param>
    /// <param name="stageFloats">How many floats of parameters make a stage of their own worth while, see <see cref="SlotSignals"/>.</param>
    /// <param name="keepsModule">Whether the module outlives the replica, to be laid over other buffers; it must not be used in between.</param>
    /// <exception cref="ArgumentException">There is no weight buffer, or module and layout have other parameters.</exception>
    public ModelReplica(
        nn.Module<Tensor, Tensor> module, ParameterLayout layout, IReadOnlyList<IntPtr> weights, IReadOnlyList<IntPtr> gradients,
        long stageFloats = ModelStage.FloatsWorthAStage, bool keepsModule = false)
    {
        if (weights.Count == 0) throw new ArgumentException("expected at least one buffer", nameof(weights));
        if (!layout.Fits(module)) throw new ArgumentException("the layout is of another module", nameof(layout));
        this.module = module;
        this.keepsModule = keepsModule;
        // A module that another replica has kept is converted already.
        if (layout.Precision == Precision.Bfloat16 && !module.parameters().Any(parameter => parameter.dtype == ScalarType.BFloat16))
            Bfloat16Module.Convert(module);
        parameters = [.. module.parameters()];
        names = [.. layout.Entries.Select(entry => entry.Name)];
        tensors = ParameterLayout.TensorsOf(module);
        norms = [.. RunningStatistics.Norms(module)];
        whole = [ModelStage.Whole(module, layout)];
        large = ModelStage.Cut(module, layout, ModelStage.FloatsWorthNoCopy);
        stages = ModelStage.Cut(module, layout, stageFloats);
        this.weights = [.. weights.Select(memory => new FlatViews(memory, layout))];
        this.gradients = [.. gradients.Select(memory => new FlatViews(memory, layout))];
        direct = [.. tensors.Zip(this.weights[0].Views, (tensor, view) => tensor.dtype == view.dtype)];
        places = [.. this.gradients.Select(views => views.Views.Zip(direct, (view, same) => same ? view : null).ToArray())];
        zeroed = new bool[gradients.Count];
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
        for (var i = 0; i < tensors.Length; i++)
            if (direct[i]) tensors[i].set_(views[i]);
        currentWeights = buffer;
    }

    /// <summary>Chooses the gradient buffer that <see cref="ComputeSlot"/> adds to.</summary>
    /// <param name="buffer">Its index.</param>
    public void UseGradients(int buffer) => currentGradients = buffer;

    /// <summary>
    /// Sets a whole gradient buffer to zero. The memory follows when it is next used: a slot's gradient that is added to zeros is written
    /// over them instead, which saves two passes over memory.
    /// </summary>
    /// <param name="buffer">Its index.</param>
    public void ZeroGradients(int buffer) => zeroed[buffer] = true;

    /// <summary>Elementwise <c>into = from + into</c>.</summary>
    /// <param name="from">Index of the left operand.</param>
    /// <param name="into">Index of the right operand and of the result.</param>
    public void AddGradients(int from, int into)
    {
        Settle(from);
        Settle(into);
        gradients[into].Add(gradients[from]);
    }

    /// <summary>As the other overload, for floats [<paramref name="start"/>, <paramref name="end"/>) of both, which have both been computed.</summary>
    /// <param name="from">Index of the left operand.</param>
    /// <param name="into">Index of the right operand and of the result.</param>
    /// <param name="start">The first float.</param>
    /// <param name="end">The float after the last one.</param>
    public void AddGradients(int from, int into, long start, long end)
    {
        gradients[into].Add(gradients[from], start, end);
    }

    /// <summary>Copies a gradient buffer over another.</summary>
    /// <param name="from">Index of the source.</param>
    /// <param name="into">Index of the target.</param>
    public void CopyGradients(int from, int into)
    {
        zeroed[into] = false;
        Settle(from);
        gradients[into].CopyFrom(gradients[from]);
    }

    /// <summary>
    /// Forward and backward of one slot in training mode; adds the gradient of <c>weight · mean loss</c> to the current gradient buffer,
    /// and <c>weight · batch statistic</c> where running statistics have their place.
    /// With one torch thread the added bits depend on nothing but the arguments and the weights.
    /// </summary>
    /// <param name="batch">The slot's samples; without samples its gradient is zero.</param>
    /// <param name="loss">The job's loss.</param>
    /// <param name="weight">The slot's share of the global batch.</param>
    /// <param name="seed">Seeds torch's process-wide random generator before the forward pass (dropout).</param>
    /// <param name="meaning">What the outputs say, for counting those that are right.</param>
    /// <param name="signals">Is asked for weights and told of gradients as they are needed and ready; null where nobody waits for either.</param>
    public SlotResult ComputeSlot(
        Batch batch, ILossFunction loss, double weight, long seed, OutputMeaning meaning = OutputMeaning.Logits, SlotSignals? signals = null)
    {
        ComputeThread.Enter();
        if (batch.Samples == 0)
        {
            signals?.Needs(whole[0].End);
            // Adding zeros is not nothing: −0 + 0 is 0, here as on the servers, which add the zeros of an empty slot of another worker.
            Settle(currentGradients);
            gradients[currentGradients].AddZero();
            signals?.Seen?.Invoke(default);
            signals?.Ready(0, whole[0].End);
            return default;
        }

        if (!module.training) module.train();
        using var scope = NewDisposeScope();
        using var generator = manual_seed(seed);
        var over = zeroed[currentGradients];
        for (var i = 0; i < parameters.Length; i++) parameters[i].grad = over || !direct[i] ? null : gradients[currentGradients].Views[i];
        // A batch norm that sees one value a channel reads its running statistics, which are the last of the flat vector.
        if (batch.Samples == 1 && norms.Length > 0) signals?.Needs(whole[0].End);
        var pass = new StagedPass(signals?.ByStage == true ? stages : large, places[currentGradients], over);
        var outputs = Wide(pass.Forward(batch.Inputs, (stage, end) => Enter(stage, end, signals)));
        var mean = loss.Mean(outputs, batch.Targets);
        var value = mean.Value();
        var (predictions, correct) = Accuracy.Count(outputs, batch.Targets, meaning);
        var result = new SlotResult(batch.Samples, value * batch.Samples, predictions, correct);
        signals?.Seen?.Invoke(result);
        AddStatistics(over, weight);
        // What comes of a loss that is not finite stays here: whoever looks at the loss ends the training.
        var ready = double.IsFinite(value) ? signals?.Ready : null;
        pass.Backward(weight == 1 ? mean : mean.Times(weight), made => TakeGradients(made, over), signals?.ByStage == true ? ready : null);
        if (signals?.ByStage == false) ready?.Invoke(0, whole[0].End);
        return result;
    }

    /// <summary>The outputs for some inputs with the current weights, in evaluation mode and without gradients.</summary>
    /// <param name="inputs">Float32, or int64 tokens for an embedding, <c>[samples, …input shape]</c>.</param>
    /// <returns>Outputs <c>[samples, …]</c>; they belong to the caller (to its dispose scope, where it has one).</returns>
    public Tensor Forward(Tensor inputs)
    {
        ComputeThread.Enter();
        if (module.training) module.eval();
        using var guard = no_grad();
        return Evaluated(inputs);
    }

    private Tensor Evaluated(Tensor inputs)
    {
        using var scope = NewDisposeScope();
        Enter(whole[0], whole[0].End, null);
        return Wide(module.call(inputs)).MoveToOuterDisposeScope();
    }

    // A layer that computes in float32 does so with a copy of its weights: those of the last pass may have changed.
    private void Enter(ModelStage stage, long end, SlotSignals? signals)
    {
        signals?.Needs(end);
        if (end < stage.End) return;
        using var guard = no_grad();
        foreach (var i in stage.Parameters)
            if (!direct[i]) tensors[i].copy_(weights[currentWeights].Views[i]);
    }

    // Losses and metrics are computed in float32.
    private static Tensor Wide(Tensor outputs) => outputs.dtype == ScalarType.BFloat16 ? outputs.to(ScalarType.Float32) : outputs;

    private void AddStatistics(bool over, double weight)
    {
        var statistics = gradients[currentGradients].Views.AsSpan(parameters.Length);
        if (over)
            foreach (var statistic in statistics) statistic.zero_().Dispose(); // zero_, unlike its like, returns a new wrapper
        RunningStatistics.AddBatch(norms, statistics, weight);
    }

    // Gradients that backward made in memory of its own, since there were none or of another type, go into the current buffer.
    private void TakeGradients(IEnumerable<int> made, bool over)
    {
        using var guard = no_grad();
        var views = gradients[currentGradients].Views;
        foreach (var i in made)
        {
            if (!over && direct[i]) continue;
            using var gradient = parameters[i].grad;
            parameters[i].grad = null;
            StagedPass.Put(views[i], gradient, over);
        }
        zeroed[currentGradients] = false;
    }

    private void Settle(int buffer)
    {
        if (zeroed[buffer]) gradients[buffer].Zero();
        zeroed[buffer] = false;
    }

    /// <summary>The outputs for some inputs in evaluation mode, differentiable by the inputs; the weights' gradients are left alone.</summary>
    /// <param name="inputs">Float32, <c>[samples, …input shape]</c>.</param>
    public Tensor Differentiable(Tensor inputs)
    {
        ComputeThread.Enter();
        if (module.training) module.eval();
        return Evaluated(inputs);
    }

    /// <summary>The first parameter with a weight that is infinite or not a number; null when there is none.</summary>
    /// <param name="buffer">Index of the weight buffer.</param>
    public string? FirstNotFiniteWeight(int buffer) => FirstNotFinite(weights[buffer]);

    /// <summary>The first parameter with a gradient that is infinite or not a number; null when there is none.</summary>
    /// <param name="buffer">Index of the gradient buffer.</param>
    public string? FirstNotFiniteGradient(int buffer) => zeroed[buffer] ? null : FirstNotFinite(gradients[buffer]);

    private string? FirstNotFinite(FlatViews views)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var found = Array.FindIndex(views.Views, view => !view.isfinite().all().ToBoolean());
        return found < 0 ? null : names[found];
    }

    /// <summary>Frees the views, and the module unless it is kept; the buffers' memory stays.</summary>
    public void Dispose()
    {
        foreach (var views in weights) views.Dispose();
        foreach (var views in gradients) views.Dispose();
        if (!keepsModule) module.Dispose();
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
