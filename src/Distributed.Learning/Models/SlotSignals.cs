namespace Distributed.Learning;

/// <summary>
/// Lets the network work while a slot is computed: the layers' weights are needed one after the other in the forward pass, and their
/// gradients are ready one before the other in the backward pass. Both are called on the computing thread.
/// </summary>
/// <param name="Needs">Called before the forward pass reads weights: all floats before this one must be in place.</param>
/// <param name="Ready">
/// Called when the slot's gradient of floats [start, end) is in the buffer for good; from the end of the flat vector to its start, once for
/// each float. Not called once the slot's loss turns out not to be finite.
/// </param>
/// <param name="ByStage">
/// Whether layer by layer, and large ones in parts, where the model's structure shows its layers; otherwise gradients are ready all at once.
/// </param>
/// <param name="Seen">Called once, before any <paramref name="Ready"/>, with what the slot's samples gave; null where nobody asks.</param>
public sealed record SlotSignals(Action<long> Needs, Action<long, long> Ready, bool ByStage, Action<SlotResult>? Seen = null);
