using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Serialization;
using MessagePack;

namespace Distributed.Cluster.Tests.Serialization;

public sealed class TensorMessageSerializerTests : IDisposable
{
    private readonly ActorSystem _system = NodeSystem.Start();

    public void Dispose() => _system.Terminate().Wait(TimeSpan.FromSeconds(20));

    [Fact]
    public void A_tensor_message_of_the_program_comes_back_through_its_binding()
    {
        var sent = new TrainingMessages.Connect(
            Guid.NewGuid(), [1, 2, 3], [new("server-1", "127.0.0.1", 4, "u", "h")], [new(0, 0, 0, 160), new(1, 0, 160, 32)]);
        var serializer = Assert.IsType<TensorMessageSerializer>(_system.Serialization.FindSerializerFor(sent));
        var got = _system.Serialization.Deserialize(serializer.ToBinary(sent), serializer.Identifier, serializer.Manifest(sent));
        Assert.Equivalent(sent, got, strict: true);
    }

    [Fact]
    public void Internal_records_with_private_and_init_members_come_back()
    {
        var sent = new Sums(3, [0.5f, float.NaN], null) { Term = 1L << 40 };
        var got = Assert.IsType<Sums>(Own().FromBinary(Own().ToBinary(sent), "t-sums"));
        Assert.Equivalent(sent, got, strict: true);
    }

    [Fact]
    public void Every_tensor_message_of_the_program_has_a_name_of_its_own()
    {
        var messages = typeof(ITensorMessage).Assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(ITensorMessage)) && !t.IsAbstract);
        // The serializer checks the names when it is made; here for the program's own messages.
        _ = new TensorMessageSerializer((ExtendedActorSystem)_system, messages);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_known_ones()
    {
        var refusal = Assert.Throws<SerializationException>(() => Own().FromBinary([], "t-other"));
        Assert.Equal("There is no tensor message named 't-other'; this program knows t-sums", refusal.Message);
    }

    [Fact]
    public void A_payload_that_is_too_large_is_refused_before_it_is_decoded()
    {
        var refusal = Assert.Throws<SerializationException>(() => Own().FromBinary(new byte[TensorMessageSerializer.LargestBytes + 1], "t-sums"));
        Assert.Equal("The tensor message 't-sums' has 1048577 bytes; at most 1048576 are allowed", refusal.Message);
        Assert.Throws<SerializationException>(() => Own().ToBinary(new Sums(0, new float[300_000], null)));
    }

    [Fact]
    public void Bytes_that_are_cut_off_or_too_many_are_refused()
    {
        var good = Own().ToBinary(new Sums(3, [1, 2], "x"));
        for (var length = 0; length < good.Length; length++)
            Assert.Contains("'t-sums'", Assert.Throws<SerializationException>(() => Own().FromBinary(good[..length], "t-sums")).Message);
        Assert.Contains("followed by 1 more bytes", Assert.Throws<SerializationException>(() => Own().FromBinary([.. good, 0], "t-sums")).Message);
        Assert.Contains("is empty", Assert.Throws<SerializationException>(() => Own().FromBinary([0xC0], "t-sums")).Message);
    }

    [Fact]
    public void A_list_that_claims_more_than_it_holds_is_refused_without_making_room_for_it() =>
        Assert.Throws<SerializationException>(() => Own().FromBinary([0x94, 0x03, 0xDD, 0x7F, 0xFF, 0xFF, 0xFF, 0xC0, 0x01], "t-sums"));

    [Fact]
    public void A_message_of_another_type_is_not_written() =>
        Assert.Throws<SerializationException>(() => Own().ToBinary(new NoName(1)));

    [Theory]
    [InlineData(typeof(NoName), "needs a [TensorMessage(\"name\")]")]
    [InlineData(typeof(SameName), "are both named 't-sums'")]
    [InlineData(typeof(BadName), "is named 'two words'")]
    public void Names_are_checked_at_the_start(Type type, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigurationException>(
            () => new TensorMessageSerializer((ExtendedActorSystem)_system, [typeof(Sums), type])).Message);

    private TensorMessageSerializer Own() => new((ExtendedActorSystem)_system, [typeof(Sums)]);

    [MessagePackObject]
    [TensorMessage("t-sums")]
    internal sealed record Sums([property: Key(0)] int Shard, [property: Key(1)] float[] Values, [property: Key(2)] string? Note) : ITensorMessage
    {
        [Key(3)]
        public long Term { get; init; }
    }

    [MessagePackObject]
    internal sealed record NoName([property: Key(0)] int Shard) : ITensorMessage;

    [MessagePackObject]
    [TensorMessage("t-sums")]
    internal sealed record SameName([property: Key(0)] int Shard) : ITensorMessage;

    [MessagePackObject]
    [TensorMessage("two words")]
    internal sealed record BadName([property: Key(0)] int Shard) : ITensorMessage;
}
