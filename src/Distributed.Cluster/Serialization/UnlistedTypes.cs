using System.Collections.Concurrent;
using System.Runtime.Serialization;
using Hyperion;
using Hyperion.SerializerFactories;
using Hyperion.ValueSerializers;

namespace Distributed.Cluster.Serialization;

/// <summary>
/// Stands before all of Hyperion's own factories and takes every type that is not on the list, to refuse its values.
/// Hyperion's filter alone looks at the outermost object when it writes; this one also sees what is nested in it.
/// </summary>
internal sealed class UnlistedTypes(ControlTypes listed) : ValueSerializerFactory
{
    /// <inheritdoc/>
    public override bool CanSerialize(Serializer serializer, Type type) => !listed.MayWrite(type);

    /// <inheritdoc/>
    public override bool CanDeserialize(Serializer serializer, Type type) => !listed.Types.Contains(type);

    /// <inheritdoc/>
    public override ValueSerializer BuildSerializer(Serializer serializer, Type type, ConcurrentDictionary<Type, ValueSerializer> typeMapping) =>
        typeMapping.GetOrAdd(type, static t => new Refusal(t));

    /// <summary>What is said when a type is refused.</summary>
    /// <param name="type">The type's name.</param>
    public static string Message(string? type) =>
        $"The control serializer refuses the type '{type}': it is neither a control message of this program nor listed in "
        + "akka.actor.serialization-settings.hyperion.allowed-types";

    // Asked for already when a field is declared as an interface, so only a value that really comes is refused.
    private sealed class Refusal(Type type) : ValueSerializer
    {
        public override void WriteManifest(Stream stream, SerializerSession session) => throw Refuse();

        public override void WriteValue(Stream stream, object value, SerializerSession session) => throw Refuse();

        public override object ReadValue(Stream stream, DeserializerSession session) => throw Refuse();

        public override Type GetElementType() => throw Refuse();

        private SerializationException Refuse() => new(Message(type.FullName));
    }
}
