namespace Distributed.Cluster.Protocol;

/// <summary>
/// Gives an <see cref="ITensorMessage"/> the name under which it travels. The name is part of the wire format: it outlives
/// renamed classes, and a message with another layout gets a new one.
/// </summary>
/// <param name="manifest">1 to 16 letters, digits or dashes, unique among the tensor messages.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
internal sealed class TensorMessageAttribute(string manifest) : Attribute
{
    /// <summary>The name on the wire.</summary>
    public string Manifest { get; } = manifest;
}
