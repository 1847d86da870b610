using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Serialization;
using Hyperion;
using Hyperion.SerializerFactories;
using Hyperion.ValueSerializers;

namespace Distributed.Cluster.Serialization;

/// <summary>
/// Records and enumerations on the list, in Hyperion's own format for settings with field names and without object references, field by field by
/// reflection. Hyperion itself makes and compiles two methods for each type, which took a seventh of the processors' time of a job of some seconds.
/// </summary>
internal sealed class ListedRecords(ControlTypes listed) : ValueSerializerFactory
{
    /// <inheritdoc/>
    public override bool CanSerialize(Serializer serializer, Type type) => listed.Records.Contains(type);

    /// <inheritdoc/>
    public override bool CanDeserialize(Serializer serializer, Type type) => CanSerialize(serializer, type);

    /// <inheritdoc/>
    public override ValueSerializer BuildSerializer(Serializer serializer, Type type, ConcurrentDictionary<Type, ValueSerializer> typeMapping)
    {
        var records = new ObjectSerializer(type);
        if (!typeMapping.TryAdd(type, records)) return typeMapping[type];
        FieldInfo[] fields = [.. ControlTypes.Fields(type).OrderBy(field => field.Name, StringComparer.Ordinal)];
        records.Initialize((stream, session) => Read(stream, session, type, fields), (stream, record, session) => Write(stream, record, session, fields));
        return records;
    }

    private static object Read(Stream stream, DeserializerSession session, Type type, FieldInfo[] fields)
    {
        var record = RuntimeHelpers.GetUninitializedObject(type);
        foreach (var field in fields)
        {
            var value = Values.Read(stream, session);
            if (value is null && field.FieldType.IsValueType && Nullable.GetUnderlyingType(field.FieldType) is null)
                throw new SerializationException($"nothing comes where {type.FullName} has a value of type {field.FieldType.Name}");
            field.SetValue(record, value);
        }

        return record;
    }

    private static void Write(Stream stream, object record, SerializerSession session, FieldInfo[] fields)
    {
        foreach (var field in fields)
            Values.Write(stream, field.GetValue(record), session);
    }
}
