using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using AkkaSerializer = Akka.Serialization.Serializer;

namespace Distributed.Cluster.Serialization;

/// <summary>
/// Takes the place of one of Akka's own serializers that nothing here needs and that would let a payload choose what it becomes. A
/// message names its serializer by number, so having no binding for one does not keep its payloads out.
/// </summary>
internal abstract class RefusedSerializer(ExtendedActorSystem system, int identifier, string what) : AkkaSerializer(system)
{
    /// <inheritdoc/>
    public override int Identifier => identifier;

    /// <inheritdoc/>
    public override bool IncludeManifest => true;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override byte[] ToBinary(object obj) => throw Refusal();

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always, before anything of the payload is looked at.</exception>
    public override object FromBinary(byte[] bytes, Type type) => throw Refusal();

    private SerializationException Refusal() => new($"{what} is refused: it can make objects of types that the payload names");
}

/// <summary>In place of JSON with type names, for which Akka's own configuration has a block of settings.</summary>
internal sealed class RefusedJson : RefusedSerializer
{
    /// <summary>Made by Akka, which hands the settings over.</summary>
    public RefusedJson(ExtendedActorSystem system, Config _) : base(system, 1, "JSON") { }
}

/// <summary>In place of orders to start an actor of any type on this node.</summary>
internal sealed class RefusedDeployment(ExtendedActorSystem system) : RefusedSerializer(system, 3, "Starting actors from another node");
