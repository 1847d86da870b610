namespace Distributed.Cluster.Protocol;

/// <summary>
/// Marks a small message of the control plane (join, assign, lease, progress, failure). Sealed records of this
/// assembly that carry the mark, and the records their fields name, are the only types of ours that the control
/// serializer writes or reads.
/// </summary>
internal interface IControlMessage;
