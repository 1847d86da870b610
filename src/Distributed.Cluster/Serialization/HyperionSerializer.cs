using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Util;
using Hyperion;
using Hyperion.Internal;
using Hyperion.SerializerFactories;
using AkkaSerializer = Akka.Serialization.Serializer;

namespace Distributed.Cluster.Serialization;

/// <summary>
/// Writes and reads control messages with Hyperion. It takes the place of the class of the same name in the package
/// Akka.Serialization.Hyperion: same identifier, same block of settings, same bytes. It is stricter: only types on a closed list
/// (<see cref="ControlTypes"/>) are written and read, and that cannot be turned off.
/// Hyperion reads fields by position, so all nodes of a cluster run the same version of the program.
/// </summary>
internal sealed class HyperionSerializer : AkkaSerializer
{
    private readonly ControlTypes _types;
    private readonly Serializer _serializer;

    /// <summary>Made by Akka from the block <c>akka.actor.serialization-settings.hyperion</c>.</summary>
    /// <param name="system">The actor system whose references are resolved.</param>
    /// <param name="config">
    /// The block: preserve-object-references, version-tolerance, disallow-unsafe-type (must be on), allowed-types, surrogates.
    /// known-types-provider is accepted and not used: types travel by name, so that no two nodes can disagree about numbers.
    /// </param>
    /// <exception cref="ConfigurationException">A setting, or a control message of this program, cannot be used.</exception>
    public HyperionSerializer(ExtendedActorSystem system, Config config) : base(system)
    {
        if (!config.GetBoolean("disallow-unsafe-type", true))
            throw new ConfigurationException("akka.actor.serialization-settings.hyperion.disallow-unsafe-type cannot be turned off");
        _types = ControlTypes.Of(typeof(HyperionSerializer).Assembly, Types(config, "allowed-types"));
        var surrogates = Types(config, "surrogates").Select(t => (Surrogate)Activator.CreateInstance(t)!)
            .Append(Surrogate.Create<ISurrogated, ISurrogate>(from => from.ToSurrogate(system), to => to.FromSurrogate(system)));
        ValueSerializerFactory[] factories = [new UnlistedTypes(_types), new BoundedArrays()];
        var (fieldNames, references) = (config.GetBoolean("version-tolerance", true), config.GetBoolean("preserve-object-references", true));
        _serializer = new Serializer(new SerializerOptions(
            versionTolerance: fieldNames,
            preserveObjectReferences: references,
            surrogates: surrogates,
            serializerFactories: fieldNames && !references ? [.. factories, new ListedRecords(_types)] : factories,
            knownTypes: null,
            ignoreISerializable: true,
            packageNameOverrides: null,
            disallowUnsafeTypes: true,
            typeFilter: _types));
    }

    /// <summary>The number that the official adaptor has, too.</summary>
    public override int Identifier => -5;

    /// <summary>False: the payload names its types itself.</summary>
    public override bool IncludeManifest => false;

    /// <summary>Every type that is written and read.</summary>
    internal IReadOnlySet<Type> AllowedTypes => _types.Types;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The message, or something nested in it, is of a type that is not on the list.</exception>
    public override byte[] ToBinary(object obj)
    {
        if (!_types.MayWrite(obj.GetType())) throw new SerializationException(UnlistedTypes.Message(obj.GetType().FullName));
        using var stream = new MemoryStream();
        try
        {
            _serializer.Serialize(obj, stream);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            throw Failure($"Cannot write a control message of type '{obj.GetType().FullName}'", failure);
        }
        return stream.ToArray();
    }

    /// <inheritdoc/>
    /// <exception cref="SerializationException">
    /// The bytes name a type that is not on the list (it is refused before an instance of it exists), or are no Hyperion payload.
    /// </exception>
    public override object FromBinary(byte[] bytes, Type type)
    {
        using var stream = new BoundedPayload(bytes);
        try
        {
            return _serializer.Deserialize<object>(stream);
        }
        catch (Exception failure)
        {
            throw Failure("Cannot read a control message", failure);
        }
    }

    private static SerializationException Failure(string what, Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
            if (cause is EvilDeserializationException refused)
                return new SerializationException(UnlistedTypes.Message(refused.BadTypeString), failure);
        return new SerializationException($"{what}: {failure.GetBaseException().Message}", failure);
    }

    private static IEnumerable<Type> Types(Config config, string key) =>
        config.GetStringList(key, []).Select(name => Type.GetType(name) ?? throw new ConfigurationException(
            $"akka.actor.serialization-settings.hyperion.{key}: there is no type '{name}'"));
}
