using Hyperion;

namespace Distributed.Cluster.Serialization;

/// <summary>A value with its type before it, in Hyperion's own format.</summary>
internal static class Values
{
    private const byte Nothing = 0;

    /// <summary>Reads one, or nothing.</summary>
    public static object? Read(Stream stream, DeserializerSession session) =>
        session.Serializer.GetDeserializerByManifest(stream, session).ReadValue(stream, session);

    /// <summary>Writes one, or nothing.</summary>
    public static void Write(Stream stream, object? value, SerializerSession session)
    {
        if (value is null)
        {
            stream.WriteByte(Nothing);
            return;
        }

        var serializer = session.Serializer.GetSerializerByType(value.GetType());
        serializer.WriteManifest(stream, session);
        serializer.WriteValue(stream, value, session);
    }
}
