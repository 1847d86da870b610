using System.Reflection;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Distributed.Cluster.Protocol;
using Distributed.Transport;
using MessagePack;
using MessagePack.Resolvers;

namespace Distributed.Cluster.Serialization;

/// <summary>
/// Writes and reads messages that describe or carry tensors (<see cref="ITensorMessage"/>) as MessagePack under short fixed
/// names. Data from outside is not trusted: unknown names and large payloads are refused before decoding, nesting and hash
/// collisions are bounded by MessagePack's own rules, and no payload can name a .NET type.
/// </summary>
internal sealed class TensorMessageSerializer : SerializerWithStringManifest
{
    /// <summary>The largest payload that is written or read, in bytes. Tensors themselves travel on links, not here.</summary>
    public const int LargestBytes = 1 << 20;

    private static readonly MessagePackSerializerOptions Options = StandardResolverAllowPrivate.Options
        .WithSecurity(MessagePackSecurity.UntrustedData);

    private readonly Dictionary<string, Type> _typeOf = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, string> _manifestOf = [];

    /// <summary>Made by Akka for the tensor messages of this assembly.</summary>
    /// <param name="system">The actor system.</param>
    public TensorMessageSerializer(ExtendedActorSystem system) : this(system, typeof(TensorMessageSerializer).Assembly.GetTypes()) { }

    /// <summary>For the tensor messages among given types.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="types">Types, of which the sealed <see cref="ITensorMessage"/>s count.</param>
    /// <exception cref="ConfigurationException">A message has no name, one that is malformed, or that of another message.</exception>
    public TensorMessageSerializer(ExtendedActorSystem system, IEnumerable<Type> types) : base(system)
    {
        foreach (var type in types.Where(t => t.IsAssignableTo(typeof(ITensorMessage)) && !t.IsAbstract))
        {
            var manifest = type.GetCustomAttribute<TensorMessageAttribute>()?.Manifest
                ?? throw new ConfigurationException($"The tensor message {type} needs a [TensorMessage(\"name\")]");
            if (manifest.Length is < 1 or > 16 || !manifest.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
                throw new ConfigurationException($"The tensor message {type} is named '{manifest}': 1 to 16 letters, digits or dashes are needed");
            if (!_typeOf.TryAdd(manifest, type))
                throw new ConfigurationException($"The tensor messages {type} and {_typeOf[manifest]} are both named '{manifest}'");
            _manifestOf.Add(type, manifest);
        }
    }

    /// <summary>Writes what travels as the payload of a frame, as tensor messages are written.</summary>
    internal static byte[] Write<T>(T content) => MessagePackSerializer.Serialize(content, Options);

    /// <summary>Reads what <see cref="Write"/> wrote, from a peer that is not trusted to have done so.</summary>
    /// <exception cref="LinkException">It is anything else.</exception>
    internal static T Read<T>(byte[] bytes)
    {
        try
        {
            return MessagePackSerializer.Deserialize<T>(bytes, Options) ?? throw new LinkException($"a {typeof(T).Name} is empty");
        }
        catch (Exception failure) when (failure is MessagePackSerializationException or EndOfStreamException)
        {
            throw new LinkException($"a {typeof(T).Name} cannot be read: {failure.GetBaseException().Message}", failure);
        }
    }

    /// <summary>The number by which the other side finds this serializer.</summary>
    public override int Identifier => 260;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The object is no tensor message.</exception>
    public override string Manifest(object o) => _manifestOf.TryGetValue(o.GetType(), out var manifest)
        ? manifest
        : throw new SerializationException($"'{o.GetType()}' is no tensor message: it needs ITensorMessage and [TensorMessage(\"name\")]");

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The message has another type or is larger than <see cref="LargestBytes"/>.</exception>
    public override byte[] ToBinary(object obj)
    {
        var manifest = Manifest(obj);
        byte[] bytes;
        try
        {
            bytes = MessagePackSerializer.Serialize(obj.GetType(), obj, Options);
        }
        catch (MessagePackSerializationException failure)
        {
            throw new SerializationException($"Cannot write the tensor message '{manifest}': {failure.GetBaseException().Message}", failure);
        }
        CheckSize(manifest, bytes.Length);
        return bytes;
    }

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The name is unknown, or the bytes are too many or no such message.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (!_typeOf.TryGetValue(manifest, out var type))
            throw new SerializationException(
                $"There is no tensor message named '{manifest}'; this program knows {string.Join(", ", _typeOf.Keys.Order(StringComparer.Ordinal))}");
        CheckSize(manifest, bytes.Length);
        try
        {
            var reader = new MessagePackReader(bytes);
            var message = MessagePackSerializer.Deserialize(type, ref reader, Options);
            if (!reader.End) throw new SerializationException($"The tensor message '{manifest}' is followed by {bytes.Length - reader.Consumed} more bytes");
            return message ?? throw new SerializationException($"The tensor message '{manifest}' is empty");
        }
        catch (Exception failure) when (failure is MessagePackSerializationException or EndOfStreamException)
        {
            throw new SerializationException($"Cannot read the tensor message '{manifest}': {failure.GetBaseException().Message}", failure);
        }
    }

    private static void CheckSize(string manifest, int bytes)
    {
        if (bytes > LargestBytes)
            throw new SerializationException($"The tensor message '{manifest}' has {bytes} bytes; at most {LargestBytes} are allowed");
    }
}
