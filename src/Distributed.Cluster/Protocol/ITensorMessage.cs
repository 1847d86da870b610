namespace Distributed.Cluster.Protocol;

/// <summary>
/// Marks a message that describes or carries tensors (layouts, versions, slot sums). Such a message travels as
/// MessagePack under the short manifest that its <c>TensorMessage</c> attribute gives.
/// </summary>
internal interface ITensorMessage;
