using System.Buffers.Binary;
using System.Collections.Concurrent;
using Hyperion;
using Hyperion.SerializerFactories;
using Hyperion.ValueSerializers;

namespace Distributed.Cluster.Serialization;

/// <summary>Arrays of objects, in Hyperion's own format, of no more elements than the payload has bytes.</summary>
internal sealed class BoundedArrays : ValueSerializerFactory
{
    /// <inheritdoc/>
    public override bool CanSerialize(Serializer serializer, Type type) =>
        type.IsArray && type.GetArrayRank() == 1 && !type.GetElementType()!.IsPrimitive && !IsWrittenWhole(type.GetElementType()!);

    /// <inheritdoc/>
    public override bool CanDeserialize(Serializer serializer, Type type) => CanSerialize(serializer, type);

    /// <inheritdoc/>
    public override ValueSerializer BuildSerializer(Serializer serializer, Type type, ConcurrentDictionary<Type, ValueSerializer> typeMapping)
    {
        var arrays = new ObjectSerializer(type);
        if (!typeMapping.TryAdd(type, arrays)) return typeMapping[type];
        var elements = type.GetElementType()!;
        arrays.Initialize((stream, session) => Read(stream, session, elements), (stream, array, session) => Write(stream, (Array)array, session));
        return arrays;
    }

    // Hyperion has a format of its own for arrays of these.
    private static bool IsWrittenWhole(Type element) =>
        element == typeof(string) || element == typeof(decimal) || element == typeof(Guid) || element == typeof(DateTime)
        || element == typeof(DateTimeOffset);

    private static Array Read(Stream stream, DeserializerSession session, Type elements)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        stream.ReadExactly(bytes);
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        ((BoundedPayload)stream).CheckLength(length);
        var array = Array.CreateInstance(elements, length);
        for (var i = 0; i < length; i++)
            array.SetValue(Values.Read(stream, session), i);
        return array;
    }

    private static void Write(Stream stream, Array array, SerializerSession session)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, array.Length);
        stream.Write(length);
        foreach (var value in array)
            Values.Write(stream, value, session);
    }
}
